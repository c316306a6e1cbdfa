"""`earmark models pull`: fetches the weights of a better speech engine, and says what else it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli.output import JsonOption, emit
from earmark.cli.progress import share_done
from earmark.config import load_settings
from earmark.speech.catalogue import MODELS, PinnedModel, find_pinned, folder_of, is_complete
from earmark.speech.listening.engines import ENGINES
from earmark.speech.pulling import pull

NameArgument = Annotated[
    str | None, typer.Argument(help="The model; without one, all are listed.", metavar="MODEL", show_default=False)
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="A folder that has the files, or the address of a mirror.", metavar="FOLDER|URL"),
]


def pull_model(name: NameArgument = None, source: FromOption = None, as_json: JsonOption = False) -> None:
    """Fetch a speech model, or go on where an earlier try was interrupted; without a name, list the models.

    Nothing but the pinned files is accepted.
    """
    data_dir = load_settings().data_dir
    if name is None:
        shown = [_to_json(model, data_dir) for model in MODELS.values()]
        emit({"data": shown}, as_json=as_json, text="\n".join(_lines(data_dir)))
        return
    model, folder = find_pinned(name), folder_of(data_dir, name)
    if not as_json:
        print(f"{model.name}: by {model.maker}. Licence: {model.licence}. {_megabytes(model)}.", flush=True)
    _pull(model, folder, source)
    emit(
        _to_json(model, data_dir),
        as_json=as_json,
        text="\n".join([f"{model.name} is in {folder}, each file as pinned.", *_next(model)]),
    )


def _pull(model: PinnedModel, folder: Path, source: str | None) -> None:
    is_address = source is not None and source.startswith(("http://", "https://"))
    given = source.rstrip("/") if source is not None and is_address else Path(source) if source is not None else None
    done = 0
    with share_done(f"Fetching {model.name}", is_shown=True) as show:

        def told(size_bytes: int) -> None:
            nonlocal done
            done += size_bytes
            show(done / model.size_bytes)

        pull(model, folder, source=given, told=told)


def _to_json(model: PinnedModel, data_dir: Path) -> dict[str, Any]:
    folder = folder_of(data_dir, model.name)
    return {
        "name": model.name, "licence": model.licence, "size_bytes": model.size_bytes, "extra": model.extra,
        "languages": sorted(ENGINES[model.name].languages or ()), "folder": str(folder),
        "is_there": is_complete(folder, model), "is_installed": ENGINES[model.name].is_installed,
    }  # fmt: skip


def _lines(data_dir: Path) -> Iterator[str]:
    for model in MODELS.values():
        count = len(ENGINES[model.name].languages or ())
        languages = "English" if count == 1 else f"{count} languages"
        state = "here" if is_complete(folder_of(data_dir, model.name), model) else "not here"
        needs = "" if ENGINES[model.name].is_installed else f"; needs earmark[{model.extra}]"
        yield f"{model.name:24} {_megabytes(model):>8}  {languages}, {model.licence.split(' ')[0]}; {state}{needs}"


def _next(model: PinnedModel) -> Iterator[str]:
    if not ENGINES[model.name].is_installed:
        yield f"It needs a package: run `make install-speech SPEECH={model.extra}` or"
        yield f"  pip install 'earmark[{model.extra}]'"
    yield "To use it for requests without a provider, and for the provider whisper:"
    yield f"  export EARMARK_SPEECH_ENGINE={model.name}"
    yield "and restart the server."


def _megabytes(model: PinnedModel) -> str:
    return f"{model.size_bytes / 1e6:,.0f} MB"
