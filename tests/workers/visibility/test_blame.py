"""What is said of a brand where blame is denied, is of something else, or a condition names the brand."""

import pytest

from workers.visibility.reading import Reader
from workers.visibility.shapes import Brand

BRANDS = [Brand("Bosch"), Brand("Makita")]
# The language, the answer, and of Bosch and Makita: the rank ("-" for none, "*" for any) and what is said (+, 0, - or
# several), or nothing where it is not named.
BLAME_OF_OTHERS = [
    ("en", "Avoid no-name tools, buy Bosch or Makita.", "1 +0", "2 +0"),
    ("en", "Stay away from unbranded drills; Bosch is a safe bet.", "1 +", ""),
    ("en", "Don't waste money on flimsy kits, Bosch is far more solid.", "1 +", ""),
    ("en", "If you want to avoid problems, choose Makita.", "", "1 +0"),
    ("en", "Makita helps you avoid expensive repairs.", "", "1 +0"),
    ("en", "Avoid overpaying: Bosch and Makita often have sales.", "1 +0", "2 +0"),
    ("en", "Unlike no-name drills, which break quickly, Bosch lasts for years.", "1 +", ""),
    ("en", "Cheap drills fail after a month, but Makita is reliable.", "", "1 +"),
    ("en", "I'd skip the bundle, and buy the Bosch on its own.", "1 +0", ""),
    ("de", "Finger weg von Billigware, nehmen Sie Bosch oder Makita.", "1 +0", "2 +0"),
    ("de", "Vermeiden Sie No-Name-Geräte, Makita ist zuverlässig.", "", "1 +"),
    ("de", "Billige Bohrer brechen schnell, aber Bosch ist robust.", "1 +", ""),
    ("fr", "Évitez les outils sans marque, achetez Bosch ou Makita.", "1 +0", "2 +0"),
    ("fr", "Les perceuses bon marché cassent vite, mais Makita est fiable.", "", "1 +"),
    ("es", "Evite las herramientas sin marca, compre Bosch o Makita.", "1 +0", "2 +0"),
    ("es", "Las taladradoras baratas se rompen pronto, pero Makita es fiable.", "", "1 +"),
    ("en", "Don't buy counterfeit batteries, stick with Bosch.", "1 +0", ""),
    ("en", "Skip the extended warranty. Bosch tools are dependable.", "1 +", ""),
    ("en", "To avoid disappointment, order a Makita.", "", "1 +0"),
    ("en", "Most budget drills are loud and weak, whereas Makita is quiet.", "", "1 +"),
    ("de", "Meiden Sie Nachbauten, Bosch ist die sichere Wahl.", "1 +", ""),
    ("fr", "Fuyez les copies fragiles, Bosch est solide.", "1 +", ""),
    ("es", "Evite las copias frágiles, Bosch es resistente.", "1 +", ""),
]
NEITHER = [
    ("en", "Neither Bosch nor Makita disappoints.", "1 +", "2 +"),
    ("en", "Neither Makita nor Bosch will let you down.", "2 +", "1 +"),
    ("en", "Neither Bosch nor Makita has let us down in our tests.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita fails.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita is a bad choice.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita convinces.", "- -0", "- -0"),
    ("en", "Neither Bosch nor Makita can be recommended.", "- -", "- -"),
    ("de", "Weder Bosch noch Makita enttäuschen.", "1 +", "2 +"),
    ("de", "Weder Bosch noch Makita sind schlecht.", "1 +", "2 +"),
    ("de", "Weder Bosch noch Makita sind zu empfehlen.", "- -", "- -"),
    ("fr", "Ni Bosch ni Makita ne déçoivent.", "1 +", "2 +"),
    ("fr", "Ni Bosch ni Makita ne sont de mauvais choix.", "1 +", "2 +"),
    ("es", "Ni Bosch ni Makita decepcionan.", "1 +", "2 +"),
    ("es", "Ni Bosch ni Makita son malas opciones.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita has any serious problems.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita solves the problem.", "- -", "- -"),
    ("en", "Neither Bosch nor Makita is good enough.", "- -", "- -"),
    ("en", "Neither the Bosch GSR 12 nor the Makita DDF is heavy.", "1 +", "2 +"),
    ("de", "Weder Bosch noch Makita haben Probleme gemacht.", "1 +", "2 +"),
    ("de", "Weder Bosch noch Makita überzeugen.", "- -", "- -"),
    ("fr", "Ni Bosch ni Makita ne sont fiables.", "- -", "- -"),
    ("es", "Ni Bosch ni Makita son fiables.", "- -", "- -"),
    ("en", "Neither Makita nor Bosch struggles with concrete.", "2 +", "1 +"),
    ("en", "Neither Bosch nor Makita was too heavy for our testers.", "1 +", "2 +"),
    ("en", "Neither Bosch nor Makita offers good value.", "- -", "- -"),
    ("de", "Weder Makita noch Bosch sind zu laut.", "2 +", "1 +"),
    ("fr", "Ni Makita ni Bosch ne sont trop bruyants.", "2 +", "1 +"),
    ("es", "Ni Makita ni Bosch son demasiado ruidosas.", "2 +", "1 +"),
]
DENIED_BLAME = [
    ("en", "I can't recommend Bosch enough.", "1 +", ""),
    ("en", "Few tools beat the Makita.", "", "1 +"),
    ("en", "Makita couldn't be better.", "", "1 +"),
    ("de", "Bosch enttäuscht nie.", "1 +", ""),
    ("en", "Few complain about Bosch.", "1 +", ""),
    ("en", "Hardly anyone complains about Makita.", "", "1 +"),
    ("en", "Bosch rarely breaks, and Makita seldom causes problems.", "1 +", "2 +"),
    ("en", "Makita almost never fails.", "", "1 +"),
    ("en", "There are few complaints about Bosch, and many praise Makita.", "1 +", "2 +0"),
    ("en", "Nobody regrets buying a Bosch.", "1 +0", ""),
    ("en", "Many complain about Bosch, but Makita is reliable.", "1 -", "2 +"),
    ("en", "Bosch has few problems.", "1 +", ""),
    ("de", "Kaum jemand beschwert sich über Bosch.", "1 +", ""),
    ("de", "Über Makita klagen nur wenige.", "", "1 +"),
    ("fr", "Peu de clients se plaignent de Bosch.", "1 +", ""),
    ("es", "Pocos se quejan de Bosch.", "1 +", ""),
    ("en", "Bosch is a bit noisy, and few like it.", "1 -", ""),
    ("en", "A few complain about Bosch.", "1 -", ""),
    ("fr", "Bosch est un peu bruyant.", "1 -", ""),
    ("de", "Bosch ist ein wenig laut.", "1 -", ""),
    ("es", "Bosch es un poco ruidoso.", "1 -", ""),
    ("es", "Nadie se queja de Makita.", "", "1 +"),
    ("de", "Bosch geht selten kaputt.", "1 +", ""),
    ("en", "Users seldom report issues with Makita.", "", "1 +"),
    ("en", "Bosch doesn't leak and isn't noisy.", "1 +", ""),
    ("de", "Makita macht selten Probleme.", "", "1 +"),
    ("de", "Bosch macht oft Probleme.", "1 -", ""),
    ("fr", "Makita tombe rarement en panne.", "", "1 +"),
    ("es", "Makita raramente falla.", "", "1 +"),
]
CONDITIONS = [
    ("en", "If you don't like Makita, choose Bosch.", "1 +0", "- 0-"),
    ("en", "If you don't want a Bosch, a Makita is fine too.", "- *", "1 +"),
    ("en", "If you want quality, choose Bosch; if you want a low price, choose Makita.", "1 *", "2 *"),
    ("en", "If you like Bosch, you will love Makita.", "- *", "1 +"),
    ("en", "If you choose Bosch, you get a reliable tool. Makita is the runner-up.", "1 +", "2 *"),
    ("de", "Wenn Ihnen Makita nicht gefällt, nehmen Sie Bosch.", "1 +0", "- *"),
    ("fr", "Si vous n'aimez pas Makita, choisissez Bosch.", "1 +0", "- *"),
    ("es", "Si no le gusta Makita, elija Bosch.", "1 +0", "- *"),
    ("en", "If Makita isn't your thing, Bosch makes solid drills.", "1 +", "- *"),
    ("en", "Anyone who doesn't like Makita should get Bosch.", "1 +0", "- *"),
    ("en", "Bosch is the best. If you don't like Bosch, choose Makita.", "1 +", "2 +0"),
    ("en", "If you hate Bosch, Makita is great.", "- *", "1 +"),
    ("en", "If you're not a fan of Bosch, go with Makita.", "- *", "1 +0"),
    ("de", "Wer Makita nicht mag, nimmt Bosch.", "1 +0", "- *"),
    ("fr", "Si Makita ne vous plaît pas, Bosch est un bon choix.", "1 +", "- *"),
    ("fr", "Si vous ne voulez pas de Bosch, Makita est fiable.", "- *", "1 +"),
    ("es", "Si Makita no le convence, Bosch es una buena opción.", "1 +", "- *"),
    ("es", "Si no quiere Bosch, Makita es fiable.", "- *", "1 +"),
    ("en", "If Bosch isn't to your taste, Makita is an excellent pick.", "- *", "1 +"),
    ("en", "Those who don't trust Makita can get Bosch.", "1 *", "- *"),
    ("de", "Falls Sie Bosch nicht mögen, ist Makita ausgezeichnet.", "- *", "1 +"),
    ("fr", "Si vous n'appréciez pas Bosch, Makita est excellent.", "- *", "1 +"),
    ("es", "Si no le convence Bosch, Makita es excelente.", "- *", "1 +"),
]
BLAME = [
    ("en", "Avoid Bosch. Makita is great.", "- -", "1 +"),
    ("en", "Skip Bosch and Makita.", "- -", "- -"),
    ("en", "Avoid Bosch, buy Makita.", "- -", "1 +0"),
    ("en", "Makita is flimsy and breaks easily. Bosch is solid.", "2 +", "1 -"),
    ("en", "Bosch is expensive.", "1 -", ""),
    ("de", "Finger weg von Bosch, Makita ist besser.", "- -", "1 +"),
    ("fr", "Évitez Bosch, prenez Makita.", "- -", "1 +"),
    ("es", "Evite Bosch, compre Makita.", "- -", "1 +0"),
    ("en", "Bosch fails often. Makita never does.", "1 -", "2 *"),
    ("en", "Many users report problems with Makita.", "", "1 -"),
]
SAID = {"+": "positive", "0": "neutral", "-": "negative"}
READERS = {language: Reader(BRANDS, language) for language in ("en", "de", "fr", "es")}


def misread(language: str, answer: str, *expected: str) -> list[str]:
    found = {each.brand: each for each in READERS[language].read("", answer).mentions}
    wrong = []
    for brand, label in zip(("Bosch", "Makita"), expected, strict=True):
        rank, _, feeling = label.partition(" ")
        mention = found.get(brand)
        if not mention or not label:
            wrong += [f"{answer} {brand} is named: {mention}"] if bool(mention) != bool(label) else []
        elif rank not in ("*", str(mention.position or "-")):
            wrong.append(f"{answer} {brand} is {mention.position}, not {rank}")
        elif feeling != "*" and mention.sentiment not in {SAID[each] for each in feeling}:
            wrong.append(f"{answer} {brand} is {mention.sentiment}, not {feeling}")
    return wrong


@pytest.mark.parametrize(
    "rows",
    [BLAME_OF_OTHERS, NEITHER, DENIED_BLAME, CONDITIONS, BLAME],
    ids=["blame of others", "neither", "denied blame", "conditions", "blame"],
)
def test_blame_is_of_its_object_and_may_be_denied(rows: list[tuple[str, str, str, str]]) -> None:
    assert [each for row in rows for each in misread(*row)] == []
