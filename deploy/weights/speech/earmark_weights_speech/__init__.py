"""The weights of moonshine tiny-en and Silero VAD: data that earmark reads."""
