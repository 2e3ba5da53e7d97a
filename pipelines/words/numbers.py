"""Counts, sizes and plurals as a radiologist writes them."""

from numpy.random import Generator

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(count: int, rng: Generator) -> str:
    """ "three" or "3"."""
    return WORDS[count] if count < len(WORDS) and rng.random() < 0.7 else str(count)


def sized(size_mm: tuple[float, float], rng: Generator) -> str:
    """ "14 mm", "1.4 cm", "14 x 11 mm": whole millimetres, however they are written."""
    long, short = (round(mm) for mm in size_mm)
    both = long >= 3 and rng.random() < 0.5
    numbers = (long, short) if both else (long,)
    if long >= 10 and rng.random() < 0.4:
        return " x ".join(f"{mm / 10:.1f}" for mm in numbers) + " cm"
    return " x ".join(str(mm) for mm in numbers) + " mm"


def plural(kind: str) -> str:
    """ "metastasis" to "metastases", "mass" to "masses"; "surgical clips" are many already."""
    for ending, many in (("sis", "ses"), ("us", "i")):
        if kind.endswith(ending):
            return kind.removesuffix(ending) + many
    if kind.endswith(("ss", "x", "ch", "sh")):
        return f"{kind}es"
    if kind.endswith("s"):
        return kind
    if kind.endswith("y") and kind[-2] not in "aeiou":
        return kind[:-1] + "ies"
    return f"{kind}s"


def article(words: str) -> str:
    """ "an 8 mm nodule", "a nodule"."""
    first = words.split()[0]
    number = first.split(".")[0]
    vowel = number in ("8", "11", "18") or (number.startswith("8") and number.isdigit() and len(number) == 2)
    return f"an {words}" if vowel or first[0] in "aeio" or first.startswith("un") else f"a {words}"
