"""A user's file over the package's, the mistakes in one, and what holds for any registry."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import Fatal
from lineage.registry import Registry, load
from lineage.registry.loading import FILES
from lineage.registry.tables import Layers

ACME = """
[organizations.acme]
name = "Acme"
country = "NZ"
region = "other"
kind = "company"
namespaces = ["acme"]

[families.acme]
name = "Acme"
organization = "acme"
include = ["acme/*"]
exclude = ["acme/*-Qwen-*"]
pins_out = ["acme/toy"]
pins_in = ["friend/acme-1"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_family_is_added_behind_the_others(tmp_path: Path, registry: Registry) -> None:
    mine = load(written(tmp_path, ACME))
    assert [f.slug for f in mine.families] == [*(f.slug for f in registry.families), "acme"]
    claims = {id: f.slug for id in ("acme/one", "acme/x-Qwen-1", "acme/TOY", "friend/acme-1") if (f := mine.claim(id))}
    assert claims == {"acme/one": "acme", "friend/acme-1": "acme"}
    assert mine.families[-1].source == ("user-file",)
    assert mine.version == registry.version + "+local"
    assert mine.digest != registry.digest


def test_a_users_entry_changes_the_fields_it_names(tmp_path: Path, registry: Registry) -> None:
    mine = load(written(tmp_path, '[families.qwen]\npins_out = ["Qwen/QwQ-32B"]\n'))
    old, new = registry.family("qwen"), mine.family("qwen")
    assert old is not None
    assert new is not None
    assert new.include == old.include
    assert registry.claim("Qwen/QwQ-32B") == old
    assert mine.claim("Qwen/QwQ-32B") is None
    assert mine.families.index(new) == registry.families.index(old)


def test_first_match_wins_and_a_pin_beats_it(tmp_path: Path) -> None:
    text = """
    [families.second]
    name = "Second"
    organization = "alibaba"
    include = ["Qwen/Qwen3*"]
    pins_in = ["Qwen/Qwen3-8B"]
    """
    mine = load(written(tmp_path, text))
    assert [f.slug for f in mine.matching("Qwen/Qwen3-4B")] == ["qwen", "second"]
    assert [f.slug for f in mine.matching("Qwen/Qwen3-8B")] == ["second", "qwen"]


def test_the_digest_is_of_what_is_said_not_of_how(tmp_path: Path) -> None:
    plain = load(written(tmp_path, ACME)).digest
    other = tmp_path / "other"
    other.mkdir()
    swapped = ACME.replace('name = "Acme"\ncountry = "NZ"', 'country = "NZ"   # the islands\nname = "Acme"')
    assert swapped != ACME
    assert load(written(other, swapped)).digest == plain
    assert load(written(tmp_path, ACME.replace("NZ", "AU"))).digest != plain
    assert (
        load(written(tmp_path, ACME + '[families.acme.series]\na = ["a*"]\nb = ["b*"]\n')).digest
        != load(written(other, ACME + '[families.acme.series]\nb = ["b*"]\na = ["a*"]\n')).digest
    )


def test_the_order_of_families_is_part_of_the_digest() -> None:
    one, two = '[families.a]\nname = "A"\n', '[families.b]\nname = "B"\n'
    first, second = Layers(), Layers()
    first.lay("x", one + two)
    second.lay("x", two + one)
    assert first.digest() != second.digest()


MISTAKES = {
    "not TOML": ("[families.acme", "not TOML"),
    "twice": (ACME + ACME, "not TOML.*(Cannot declare|overwrite)"),
    "table": ("[famlies.x]\n", "unknown table 'famlies', did you mean 'families'"),
    "no table": ("families = 3\n", "families: must be a table"),
    "field": (ACME.replace("include", "includes"), r"families\.acme: unknown field 'includes', did you mean 'include'"),
    "organisation": (ACME.replace('organization = "acme"', 'organization = "alibab"'), "did you mean 'alibaba'"),
    "source": (ACME + 'source = ["notez"]\n', "unknown source 'notez', did you mean 'notes'"),
    "glob": (ACME.replace("acme/*-Qwen-*", "acme/[a"), r"families\.acme: glob '\[a'"),
    "org glob": (ACME.replace("acme/*-Qwen-*", "*/x"), "must spell the namespace out"),
    "no slash": (ACME.replace("acme/*-Qwen-*", "acme"), "has no slash"),
    "regex": (ACME + 'name_pattern = "("\n', r"regular expression '\('"),
    "outside": (ACME.replace("acme/*-Qwen-*", "Qwen/x"), "outside the namespaces of acme"),
    "future": (ACME + "first_release = 2999-01-01\n", "first_release 2999-01-01 is in the future"),
    "too early": ('[released]\n"Qwen/Qwen3-8B" = { date = 2001-01-01 }\n', "before the first release of qwen"),
    "date": (ACME + 'first_release = "2024"\n', "must be a date"),
    "pin": (ACME.replace('"acme/toy"', '"friend/acme-1"'), "pinned in and out"),
    "country": (ACME.replace("NZ", "Nz"), "no ISO 3166"),
    "region": (ACME.replace('"other"', '"asia"'), "not one of china, us, eu"),
    "namespace": (ACME.replace('namespaces = ["acme"]', 'namespaces = ["qwen"]'), "namespace 'qwen' is also alibaba's"),
    "self": ('[aliases]\n"a/b" = { to = "a/b" }\n', r"aliases\.a/b: is an alias to itself"),
    "cycle": ('[aliases]\n"a/b" = { to = "a/c" }\n"a/c" = { to = "a/b" }\n', "comes back to it"),
    "cycle over a rename": ('[aliases]\n"zai-org/x" = { to = "THUDM/x" }\n', "comes back to it"),
    "rename cycle": ('[renamed_namespaces]\nzai-org = { to = "THUDM" }\n', "comes back to it"),
    "owners": ('[renamed_namespaces]\nopenai = { to = "Qwen" }\n', "different organisations"),
    "relation": ('[[curated]]\nchild = "a/b"\nparent = "a/c"\nrelation = "copy"\n', "curated 1: 'relation' is 'copy'"),
    "own parent": ('[[curated]]\nchild = "a/b"\nparent = "a/b"\nrelation = "merge"\n', "are one model"),
    "pair twice": ('[[teachers]]\nstudent = "a/b"\nteacher = "a/c"\n' * 2, "teachers 2: says a/b -> a/c a second time"),
    "class": ('[licenses.x]\nname = "X"\nclass = "free"\n', "'class' is 'free'"),
    "claim": (
        '[claims.x]\ntext = "t"\nwho = "w"\ncounted = "c"\nahead_of = ["lama"]\n',
        "unknown family 'lama', did you mean 'llama'",
    ),
    "id": ('[released]\n"a b/c" = { date = 2024-01-01 }\n', "is no model id"),
    "missing": ("[markers.x]\ndate = 2024-01-01\n", "lacks 'text'"),
}


@pytest.mark.parametrize(("text", "what"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_names_file_entry_and_what_is_wrong(tmp_path: Path, text: str, what: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Fatal, match=what) as raised:
        load(path)
    assert re.match(rf"Registry file {re.escape(str(path))}, entry .+: .+\.$", str(raised.value))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot be read"):
        load(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(Fatal, match="not UTF-8 at byte 2"):
        load(tmp_path / "latin.toml")


def test_the_packages_files_are_all_read_here_but_the_names_of_the_arena() -> None:
    there = {file.name for file in files("lineage.registry").iterdir() if file.name.endswith(".toml")}
    assert there == {*FILES, "arena.toml"}
    for name in there:
        tomllib.loads(files("lineage.registry").joinpath(name).read_text("utf-8"))


def _ids(registry: Registry) -> st.SearchStrategy[str]:
    spaces = sorted({space for family in registry.families for space in family.namespaces} | {"unsloth", "K\u212a"})
    names = st.sampled_from(["Qwen3-8B", "DeepSeek-R1-Distill-Qwen-7B", "gpt2", "chatglm-6b", "x"])
    near = st.builds("{}/{}".format, st.sampled_from(spaces), names | st.text(max_size=12))
    real = st.sampled_from([*registry.aliases, *registry.released])
    cased = (near | real).flatmap(lambda id: st.sampled_from([id, id.upper(), id.swapcase()]))
    return near | real | cased | st.text(max_size=30)


@given(st.data())
def test_canonical_changes_nothing_the_second_time(data: st.DataObject) -> None:
    id = data.draw(_ids(REGISTRY))
    once = REGISTRY.canonical(id)
    assert REGISTRY.canonical(once) == once
    assert REGISTRY.claim(once) == REGISTRY.claim(id)


@given(st.data())
def test_claim_agrees_with_claims_and_matching(data: st.DataObject) -> None:
    ids = data.draw(st.lists(_ids(REGISTRY), max_size=20))
    one_by_one = [(row, REGISTRY.families.index(f)) for row, id in enumerate(ids) if (f := REGISTRY.claim(id))]
    assert REGISTRY.claims(pl.Series(ids, dtype=pl.String)).rows() == one_by_one
    for id in ids:
        places = [REGISTRY.families.index(family) for family in REGISTRY.matching(id)]
        assert places == sorted(set(places))
        assert REGISTRY.claim(id) == (REGISTRY.matching(id) or (None,))[0]


REGISTRY = load()
