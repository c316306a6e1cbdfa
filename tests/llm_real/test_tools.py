"""A real model calls `search`, then `fetch`, then answers with a link, through the official SDK's client.

Gemma 3 270M is a base model, and the smallest that one can install with a package: it follows examples, not instructions.
So a grammar holds it to the form of a call: one of the two tools that ChatGPT reads, each at most once, `fetch` with an id
that `search` gave, an answer with a link that a tool gave. Which tool it calls when, the words that it searches for, and
what it answers are its own. It is shown the best result only: of two it read the same one whatever the question was.
Offered all eleven tools it called `search` first for each question, with fitting words, and then repeated itself: what it
shows about descriptions is little, and is not tested.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from mcp.client.client import Client

from tests.assistants import assistant, use
from tests.http.conftest import TALK, Library
from tests.llm_real.llama_server import Llama, llama
from tests.server import Server, new_bound_key, new_project, running

FAIR: list[dict[str, Any]] = [
    {"start": 0.0, "end": 4.0, "speaker": "Mara", "text": "The budget for the fair is nine thousand euros."},
    {"start": 4.0, "end": 9.0, "speaker": "Ben", "text": "The stand must be booked before Christmas."},
]
QUESTIONS = {
    "When is the launch of the lantern?": "June",
    "What is the budget for the fair?": "nine thousand euros",
    "What does the battery cost?": "eleven euros",
    "When must the stand be booked?": "before Christmas",
}
"""Each question, and what the answer holds if the model read it rightly."""
EXAMPLES = """
Question: Where did we talk about the garden fence?
Call: {"tool": "search", "arguments": {"query": "garden fence"}}
Result: {"results": [{"id": "rec_Bq3@1200", "title": "Neighbours", "url": "http://here/rec_Bq3?at=1200"}]}
Call: {"tool": "fetch", "arguments": {"id": "rec_Bq3@1200"}}
Result: {"text": "Tom: The fence is painted on Friday.", "url": "http://here/rec_Bq3?at=1200"}
Answer: The fence is painted on Friday. Link: http://here/rec_Bq3?at=1200

Question: Who pays for the van?
Call: {"tool": "search", "arguments": {"query": "pays for the van"}}
Result: {"results": [{"id": "rec_Xz7@300", "title": "Move", "url": "http://here/rec_Xz7?at=300"}]}
Call: {"tool": "fetch", "arguments": {"id": "rec_Xz7@300"}}
Result: {"text": "Ida: I will pay for the van.", "url": "http://here/rec_Xz7?at=300"}
Answer: Ida pays for the van. Link: http://here/rec_Xz7?at=300
"""


@dataclass
class Desk:
    """A server with a person's two recordings, and a model."""

    server: Server
    model: Llama
    key: str


@pytest.fixture(scope="module")
def desk(new_place: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    place = new_place()
    project = new_project(place)
    with llama(tmp_path_factory.mktemp("gguf")) as model, running(place) as server:
        with server.client(project.live) as client:
            library = Library(client)
            user = library.user()
            library.recording(user, TALK, name="Lantern call")
            library.recording(user, FAIR, name="Trade fair")
        yield Desk(server, model, new_bound_key(place, project.id, user))


@dataclass
class Conversation:
    """A question, the calls that the model made for it, and its answer."""

    client: Client
    model: Llama
    prompt: str
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    answer: str = ""

    async def run(self) -> None:
        """Let the model write a line, and do what it says, until it answers."""
        while not self.answer:
            line = self._write()
            self.prompt += line + "\n"
            if line.startswith("Answer: "):
                self.answer = line.removeprefix("Answer: ")
            else:
                asked = json.loads(line.removeprefix("Call: "))
                await self._call(asked["tool"], asked["arguments"])

    def _write(self) -> str:
        body = {"prompt": self.prompt, "grammar": self._grammar(), "n_predict": 150, "temperature": 0, "stop": ["\n"],
                "cache_prompt": True}  # fmt: skip
        answer = httpx.post(f"{self.model.base_url}/completion", json=body, timeout=300)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["content"])

    def _grammar(self) -> str:
        called = {tool for tool, _ in self.calls}
        forms = []
        if "search" not in called:
            forms.append(r'"Call: {\"tool\": \"search\", \"arguments\": {\"query\": \"" [^"\\\n]{1,60} "\"}}"')
        if self.ids and "fetch" not in called:
            forms.append(rf'"Call: {{\"tool\": \"fetch\", \"arguments\": {{\"id\": \"" ({_any(self.ids)}) "\"}}}}"')
        if self.links:
            forms.append(rf'"Answer: " [^\n:]{{1,120}} " Link: " ({_any(self.links)})')
        return f'root ::= ({" | ".join(forms)}) "\\n"'

    async def _call(self, tool: str, arguments: dict[str, str]) -> None:
        self.calls.append((tool, arguments))
        result = await use(self.client, tool, **arguments)
        if tool == "search":
            shown: Any = {"results": result["results"][:1]}
            self.ids += [one["id"] for one in shown["results"]]
            self.links += [one["url"] for one in shown["results"]]
        else:
            shown = {"text": result["text"].partition("\n\n")[2], "url": result["url"]}
        self.prompt += f"Result: {json.dumps(shown, ensure_ascii=False)}\n"


def _any(words: list[str]) -> str:
    return " | ".join(json.dumps(word) for word in dict.fromkeys(words))


async def test_a_real_model_searches_reads_a_moment_and_answers_with_its_link(desk: Desk) -> None:
    right = 0
    async with assistant(desk.server, desk.key) as client:
        tools = [tool for tool in (await client.list_tools()).tools if tool.name in ("search", "fetch")]
        described = "".join(f"- {tool.name}: {tool.description}\n" for tool in tools)
        for question, fact in QUESTIONS.items():
            one = Conversation(client, desk.model, f"Tools:\n{described}{EXAMPLES}\nQuestion: {question}\n")
            await one.run()
            print(question, one.calls, one.answer)  # for whoever runs it with -s
            assert [tool for tool, _ in one.calls] == ["search", "fetch"]
            assert one.answer.rpartition(" Link: ")[2] in one.links
            right += fact in one.answer
    assert right >= len(QUESTIONS) / 2, "it answers from what it read more often than not"
