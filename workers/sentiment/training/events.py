"""What happens to things, written for this: the texts of ../shared/data judge, and seldom tell that something broke.

Sentences that are put together from parts, so that no part decides alone; and `written.tsv`, sentences and whole
reviews of which no two are alike. Most of those judge only by what they tell ("Half of what they charge at the
shop."), or tell and do not judge.
"""

import random
from pathlib import Path

from workers.sentiment.training.corpora import NEGATIVE, NEUTRAL, POSITIVE, Distribution, Example

COUNT = 3000
# Each of those that are written counts as two.
REPEATED = 2
WRITTEN = Path(__file__).with_name("written.tsv")
LABELS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}

THINGS = (
    "it", "mine", "this one", "the handle", "the zipper", "the battery", "the screen", "the lid", "the strap",
    "the motor", "the charger", "the cable", "the first one", "the replacement", "the case", "the bottle",
    "the pump", "the remote", "the hinge", "the stitching", "one of the legs", "the button", "the seal",
    "the fabric", "the blender", "the lamp", "the headset", "the clasp", "the left speaker", "the toy", "the sole",
    "the plug", "the clip", "the switch",
)  # fmt: skip
FAILED = (
    "broke", "died", "stopped working", "fell apart", "snapped", "cracked", "came off", "quit on me",
    "started to leak", "leaks", "won't turn on anymore", "no longer charges", "started to peel", "ripped", "tore",
    "rusted", "shattered", "burned out", "stopped charging", "fell off", "got stuck", "bent", "lost its color",
    "shrank", "came apart", "started making a horrible noise", "went dead", "gave up", "is already falling apart",
    "doesn't hold a charge", "overheated", "unraveled", "split in two", "melted", "jammed", "flickers", "drips",
    "wobbles", "came loose",
)  # fmt: skip
SOON = (
    "after two days", "in a week", "within a month", "after three uses", "the first time I used it",
    "after one wash", "right out of the box", "after 2 weeks", "on day one", "before I even used it twice",
    "after only a few months", "less than a year later", "the second time", "almost immediately", "within hours",
    "in 3 weeks", "after a single trip", "just after the warranty ended", "", "",
)  # fmt: skip
PRAISE = (
    "love the color", "looks great", "nice design", "I really wanted to love it", "it was great at first",
    "cute idea", "the price is good", "it arrived quickly", "pretty", "good sound", "it worked fine at first",
    "comfortable", "I had high hopes", "great reviews", "seemed sturdy", "my daughter loved it",
    "it is a lovely gift", "works well", "soft material", "fast shipping", "easy to set up", "I liked it",
    "great concept", "fits perfectly",
)  # fmt: skip
BUT = (", but ", ". But ", " but ", ", ", " until ", ", however ", "... ", ". Then ", ", yet ", ", unfortunately ")
BLAMED = (
    "arrived with a crack in it", "came broken", "was missing half of the parts", "came without the screws",
    "showed up two weeks late", "is way too small", "runs a full size small", "was the wrong color",
    "smells like chemicals", "scratched everything it touched", "gave my son a rash", "is nothing like the picture",
    "does not fit my phone", "never arrived", "turned out to be used", "had hair on it",
    "doesn't stick to anything", "spilled all over my bag", "made my coffee taste like plastic",
    "barely lasts an hour", "ended up in the trash", "is going back", "I am returning it", "I want my money back",
    "I had to throw it away", "I had to send it back", "nobody answers my emails", "they refused to refund me",
    "save your money", "I should have read the reviews", "I will never buy from them again", "I expected more",
    "I can't recommend it", "far from perfect", "what a letdown", "you get what you pay for", "not what I ordered",
    "too flimsy to use", "worked exactly once", "it is collecting dust now", "I regret this purchase",
    "good luck getting help", "look elsewhere", "too good to be true", "the instructions make no sense",
    "hardly worth a dollar", "it isn't as soft as I hoped", "not as described", "it barely works",
    "it only lasted a week", "do not bother",
)  # fmt: skip
LASTED = (
    "still works like new after three years", "has never let me down", "hasn't broken yet after daily use",
    "survived being dropped twice", "holds up great after dozens of washes", "still looks new after a year",
    "has not leaked once", "keeps my tea hot all day", "lasts all weekend on one charge", "never came loose",
    "went through the dishwasher a hundred times without a scratch", "has held up better than my old one",
    "didn't rip even when my dog pulled on it", "is still going strong", "never jams", "doesn't wobble at all",
)  # fmt: skip
DOUBTED = (
    "I thought it would break but it", "I was worried it would be flimsy but it",
    "after my last one broke I got this and it", "unlike the one that died on me, this one", "it", "mine",
    "this one", "my husband's", "the second one I bought", "so far it",
)  # fmt: skip
PRAISED = (
    "can't get enough of it", "my kids can't get enough of it", "can't recommend it enough", "hardly any noise",
    "I have no complaints", "nothing to complain about", "never had a problem with it", "could not be happier",
    "couldn't ask for more", "you can't go wrong with this", "I can't live without it", "it never disappoints",
    "I was not disappointed", "not a single issue so far", "no regrets", "without a doubt the best one I had",
    "exactly what I needed", "worth every penny", "saved me hours", "I bought two more for my family",
    "wish I had bought it sooner", "it exceeded my expectations", "no leaks, no mess",
    "there is nothing I would change", "not bad at all", "I don't regret buying it", "better than I expected",
    "surprisingly sturdy for the price", "five stars from me", "arrived two days early", "it fits like a glove",
    "set up took five minutes", "it does not smell at all", "zero issues", "I would buy it again in a heartbeat",
    "the dog won't let go of it", "no more sore feet", "hard to find a better one",
)  # fmt: skip
PLAIN = (
    "the box contains two cables and a manual", "it is okay, nothing special", "it's okay",
    "it does the job, nothing more", "average at best, average at worst", "not great, not terrible",
    "not the best, not the worst", "some good, some bad", "it is what it is", "I bought it for my sister",
    "I ordered the blue one in medium", "it has three settings", "I have only used it twice so far",
    "I use it in the kitchen", "it came on a Tuesday", "the cable is six feet long", "three stars",
    "it works but there are better ones", "decent but overpriced", "fine for occasional use", "so so", "meh",
    "I have mixed feelings about it", "good idea, average execution", "about what I expected for the price",
    "it's alright", "neither good nor bad", "I will update this review later", "jury is still out", "an ok product",
    "could be better, could be worse", "it is a replacement for my old one", "this is my second one",
    "it takes four AA batteries", "the color is dark blue",
)  # fmt: skip


def told(draw: random.Random) -> list[Example]:
    """With their labels: what failed, what lasted, what is only said."""
    return [_told(draw) for _ in range(COUNT)] + REPEATED * _written()


def _written() -> list[Example]:
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()
    return [Example(text, LABELS[label], "written") for label, text in (line.split("\t") for line in lines)]


def _told(draw: random.Random) -> Example:
    kind = draw.choices(
        (_failed, _failed_after_praise, _blamed, _lasted, _praised, _plain), (20, 22, 18, 14, 16, 10)
    )[0]
    text, labels = kind(draw)
    return Example(_typed(text, draw), labels, "events")


def _failure(draw: random.Random) -> str:
    return f"{draw.choice(THINGS)} {draw.choice(FAILED)} {draw.choice(SOON)}".strip()


def _failed(draw: random.Random) -> tuple[str, Distribution]:
    text = _failure(draw)
    return (f"{text}. {draw.choice(BLAMED)}" if draw.random() < 0.3 else text), NEGATIVE


def _failed_after_praise(draw: random.Random) -> tuple[str, Distribution]:
    bad = _failure(draw) if draw.random() < 0.6 else draw.choice(BLAMED)
    if draw.random() < 0.2:
        return f"{bad}, although {draw.choice(PRAISE)}", (0.75, 0.2, 0.05)
    return f"{draw.choice(PRAISE)}{draw.choice(BUT)}{bad}", (0.82, 0.15, 0.03)


def _blamed(draw: random.Random) -> tuple[str, Distribution]:
    subject = draw.choice(("", "", "it ", "mine ", "sadly, ", "product "))
    return f"{subject}{draw.choice(BLAMED)}", NEGATIVE


def _lasted(draw: random.Random) -> tuple[str, Distribution]:
    return f"{draw.choice(DOUBTED)} {draw.choice(LASTED)}", POSITIVE


def _praised(draw: random.Random) -> tuple[str, Distribution]:
    text = draw.choice(PRAISED)
    return (f"{text}. {draw.choice(PRAISE)}" if draw.random() < 0.3 else text), POSITIVE


def _plain(draw: random.Random) -> tuple[str, Distribution]:
    return draw.choice(PLAIN), NEUTRAL


def _typed(text: str, draw: random.Random) -> str:
    """As people write: with and without capitals and marks."""
    if draw.random() < 0.7:
        text = text[0].upper() + text[1:]
    return text + draw.choice((".", ".", "!", "", "!!", "..."))
