// Assigns speakers colours of the palette in reader.css, by order of appearance; names are always shown too.

const COLOURS = 8;

/**
 * @param {{speaker?: string}[]} segments
 * @returns {Map<string, string>} speaker ("" when unknown) to class
 */
export function speakerClasses(segments) {
  /** @type {Map<string, string>} */ const classes = new Map();
  for (const { speaker = "" } of segments) {
    if (!classes.has(speaker)) classes.set(speaker, speaker ? `speaker-${classes.size % COLOURS}` : "speaker-unknown");
  }
  return classes;
}
