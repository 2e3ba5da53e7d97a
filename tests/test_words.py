"""A caption says what is true: no wrong side, organ, count or size; and what is untrue is noticed."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pipelines.words.numbers import article, counted, plural, sized
from pipelines.words.reading import contradictions, read
from pipelines.words.report import caption, report
from pipelines.words.sections import section_of
from pipelines.words.told import tell
from simdata import Finding, Grid, Scene, Streams, structure
from simdata.spoken import place, spoken
from simdata.structures import structures

HOSTS = (
    "lung_upper_lobe_left", "lung_lower_lobe_right", "lung_middle_lobe_right", "liver", "kidney_left", "kidney_right",
    "spleen", "vertebrae_L3", "rib_left_7", "breast_right", "cerebral_white_matter_left", "gallbladder", "aorta",
)  # fmt: skip
SIZED = {
    "nodule": ("solid", "spiculated", "ground-glass"),
    "metastasis": (),
    "cyst": (),
    "mass": ("round", "lobulated"),
}
SAMPLES = 1000


def _scene(findings: tuple[Finding, ...]) -> Scene:
    labels = np.zeros((8, 8, 8), np.uint16)
    labels.flat[: len(HOSTS)] = [structure(name).id for name in HOSTS]
    return Scene(Grid.regular(labels.shape, 2.0), labels, findings=findings)


def _finding(rng: np.random.Generator, label: int) -> Finding:
    host = HOSTS[int(rng.integers(len(HOSTS)))]
    kind = sorted([*SIZED, "effusion", "surgical clips"])[int(rng.integers(len(SIZED) + 2))]
    said = spoken(structure(host))
    if kind == "effusion":
        return Finding(kind, host, label, (0, 0, 0), (9, 9, 9), 400.0, f"small effusion at the {said}")
    if kind == "surgical clips":
        text = f"4 surgical clips at the {said}"
        return Finding(kind, host, label, (0, 0, 0), (9, 9, 9), 20.0, text, attributes={"count": 4})
    long = float(rng.uniform(3, 60))
    axial = long, long * float(rng.uniform(0.5, 1))
    form = SIZED[kind][int(rng.integers(len(SIZED[kind])))] if SIZED[kind] else ""
    wished = long * float(rng.uniform(0.8, 1))
    text = f"{wished:.0f} mm {form} {kind} in the {said}".replace("  ", " ")
    attributes = {"diameter_mm": wished, **({"form": form} if form else {})}
    return Finding(kind, host, label, (0, 0, 0), (9, 9, 9), 400.0, text, axial, attributes)


def _told(index: int) -> tuple[Scene, str, str]:
    streams = Streams(5, index)
    rng = streams["findings"].generator
    scene = _scene(tuple(_finding(rng, 30001 + n) for n in range(int(rng.integers(5)))))
    words = streams["words"].generator
    seen = [structure(name).id for name in HOSTS]
    return (
        scene,
        caption("Computed tomography", "a 54-year-old woman", scene, scene.findings, words),
        report("Computed tomography", "a 54-year-old woman", scene, scene.findings, seen, words),
    )


def _findings_of(text: str) -> str:
    return text.partition("FINDINGS:")[2].partition("IMPRESSION:")[0] or text.partition(": ")[2]


def test_a_thousand_captions_and_reports_say_what_is_true():
    for index in range(SAMPLES):
        scene, short, long = _told(index)
        for text in (short, long):
            assert contradictions(_findings_of(text), scene.findings, scene.structures) == [], text


def test_a_swapped_side_organ_count_or_size_is_noticed():
    noticed = tried = 0
    for index in range(400):
        scene, text, _ = _told(index)
        text = _findings_of(text)
        wrongs = [
            re.sub(r"\bleft\b|\bright\b", lambda side: {"left": "right", "right": "left"}[side[0]], text),
            text.replace("liver", "spleen"),
            text.replace("lower lobe", "upper lobe"),
            re.sub(r"(?<![.\d])(two|2) (?=[a-z])(?!mm|cm|x)", "five ", text),
            re.sub(r"(\d+)(\.\d)? (mm|cm)", lambda size: f"{int(size[1]) + 71}{size[2] or ''} {size[3]}", text),
        ]
        changed = [wrong for wrong in wrongs if wrong != text]
        tried += len(changed)
        noticed += sum(bool(contradictions(wrong, scene.findings, scene.structures)) for wrong in changed)
    assert tried > 400
    assert noticed == tried


def test_an_organ_with_a_finding_that_is_called_free_is_noticed():
    nodule = Finding("nodule", "liver_segment_4", 30001, (0, 0, 0), (9, 9, 9), 1.0, "", (9, 9), {"diameter_mm": 9.0})
    right = "9 mm nodule in the liver segment 4."
    assert contradictions(right, (nodule,), structures()) == []
    (wrong,) = contradictions(f"{right} Liver: no focal lesion.", (nodule,), structures())
    assert wrong == "'liver: no focal lesion', but there is one"


def test_the_same_sample_has_the_same_words_and_samples_differ():
    assert _told(7)[1:] == _told(7)[1:]
    nodule = Finding("nodule", "liver", 30001, (0, 0, 0), (9, 9, 9), 1.0, "n", (14.2, 9.1), {"diameter_mm": 12.0})
    scene = _scene((nodule,))
    said = {caption("CT", "a man", scene, scene.findings, Streams(3, index).generator) for index in range(60)}
    assert len(said) > 10


def test_a_finding_left_out_is_missed():
    scene = _scene((_finding(Streams(1).generator, 30001),))
    assert contradictions("No finding.", scene.findings, scene.structures)[0].startswith("nothing says: 1 ")


def test_what_is_denied_is_not_claimed():
    assert read("No nodule in the liver. Spleen: no focal lesion.", ["nodule", "lesion"], ["liver", "spleen"]) == []


def test_many_findings_are_counted_and_the_largest_is_measured():
    findings = tuple(
        Finding("metastasis", "liver", 30001 + n, (0, 0, 0), (9, 9, 9), 1.0, "", (mm, mm), {"diameter_mm": mm})
        for n, mm in enumerate((8.0, 31.0, 12.0))
    )
    (told,) = tell(findings, structures())
    assert (told.count, told.sizes_mm[0]) == (3, (31.0, 31.0))
    said = caption("CT", "a man", _scene(findings), findings, Streams(2).generator)
    assert re.search(r"(three|3) metastases", said)
    assert re.search(r"31|3\.1", said)


def test_regions_without_a_finding_are_called_free_and_absent_organs_are_not_mentioned():
    nodule = replace(
        _finding(Streams(1).generator, 30001), structure="liver", kind="nodule", text="a nodule in the liver"
    )
    scene = _scene((nodule,))
    seen = [structure(name).id for name in ("liver", "spleen")]
    text = report("CT", "a man", scene, scene.findings, seen, Streams(4).generator)
    assert re.search(r"SPLEEN AND PANCREAS: .*no .*\bspleen\b|SPLEEN AND PANCREAS: Spleen: no|.*the spleen", text, re.I)
    assert "LUNGS" not in text
    assert "pancreas." not in text.lower()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lung_upper_lobe_right", "right upper lobe of the lung"),
        ("vertebrae_L5", "L5 vertebra"),
        ("rib_left_9", "left ninth rib"),
        ("heart_left_ventricle", "left ventricle of the heart"),
        ("pectoralis_major_left", "left pectoralis major"),
        ("liver_segment_4", "liver segment 4"),
        ("iliac_vena_right", "right iliac vein"),
    ],
)
def test_structures_are_named_as_one_says_them(name, said):
    assert spoken(structure(name)) == said


def test_no_two_structures_are_called_the_same():
    called = [spoken(one) for one in structures().values()]
    assert len(set(called)) == len(called)
    assert all(place(one) for one in structures().values())


def test_sections_follow_the_lineage():
    assert section_of(["liver_segment_4", "liver"]) == "LIVER AND BILE DUCTS"
    assert section_of(["rib_left_9"]) == "BONES"
    assert section_of(["ribbon"]) == "OTHER"


def test_numbers_as_one_writes_them():
    assert [plural(kind) for kind in ("metastasis", "mass", "nodule", "embolus", "biopsy", "surgical clips")] == [
        "metastases", "masses", "nodules", "emboli", "biopsies", "surgical clips",
    ]  # fmt: skip
    said = ("8 mm cyst", "11 mm cyst", "18 mm", "80 mm", "1.8 cm", "nodule", "8.5 cm")
    assert [article(words).split()[0] for words in said] == ["an", "an", "an", "an", "a", "a", "an"]
    rng = Streams(1).generator
    assert {counted(3, rng) for _ in range(40)} == {"three", "3"}
    assert {sized((14.4, 11.2), rng) for _ in range(60)} == {"14 mm", "1.4 cm", "14 x 11 mm", "1.4 x 1.1 cm"}
