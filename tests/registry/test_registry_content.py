"""What the package's registry must hold."""

import re
from datetime import date

from lineage.registry import LicenseClass, Registry
from lineage.registry.patterns import regex_fault

NAMED = (
    "qwen llama deepseek gemma mistral phi gpt-oss glm kimi minimax ernie hunyuan olmo falcon yi baichuan "
    "internlm step mimo seed whisper clip gpt2 t5 bert nemotron granite grok openelm stable-diffusion "
    "flux command exaone solar sarvam jamba smollm pythia starcoder lfm minicpm bge internvl skywork ling "
    "longcat wan bloom apertus tinyllama mamba llm-jp "
)
TODAY = date(2026, 11, 30)


def test_every_named_family_is_there_with_its_maker(registry: Registry) -> None:
    for slug in NAMED.split():
        family = registry.family(slug)
        assert family is not None, slug
        assert registry.organization(family.organization) is not None
        assert family.source
    assert registry.family("no-such") is None


def test_it_is_as_large_as_promised(registry: Registry) -> None:
    assert len(registry.organizations) >= 60
    assert len(registry.families) >= 45


def test_everything_cites_a_known_source(registry: Registry) -> None:
    cited = {
        key
        for group in (
            registry.organizations, registry.families, registry.curated, registry.teachers,
            registry.licenses.values(), registry.published, registry.markers,
        )
        for one in group
        for key in one.source
    }  # fmt: skip
    assert cited <= registry.sources.keys()
    assert all(not one.verified for one in registry.families if one.source == ("notes",))
    assert all(not one.verified for one in (*registry.curated, *registry.teachers) if one.source == ("notes",))


def test_nothing_lies_in_the_future(registry: Registry) -> None:
    days = [f.first_release for f in registry.families if f.first_release] + list(registry.released.values())
    assert max(days) < TODAY


def test_a_maker_without_open_weights_is_a_row(registry: Registry) -> None:
    anthropic = registry.organization("anthropic")
    assert anthropic is not None
    assert (anthropic.country, anthropic.namespaces) == ("US", ())


def test_countries_and_regions_are_two_facts(registry: Registry) -> None:
    ai21 = registry.organization_of("ai21labs")
    assert ai21 is not None
    assert (ai21.country, ai21.region) == ("IL", "us")


def test_organisations_by_namespace(registry: Registry) -> None:
    slugs = {
        space: one.slug
        for space in ("THUDM", "zai-org", "QWEN", "core42", "x")
        if (one := registry.organization_of(space))
    }
    assert slugs == {"THUDM": "zhipu", "zai-org": "zhipu", "QWEN": "alibaba", "core42": "g42"}
    assert registry.organization_of(None) is None


def test_old_names(registry: Registry) -> None:
    assert registry.canonical("gpt2") == "openai-community/gpt2"
    assert registry.canonical("THUDM/chatglm-6b") == "zai-org/chatglm-6b"
    assert registry.canonical("core42/jais-13b") == "inception42/jais-13b"
    assert registry.canonical("meta-llama/Meta-Llama-3.1-8B") == "meta-llama/Llama-3.1-8B"
    assert registry.canonical("vikhyatk/moondream2") == "vikhyatk/moondream2"


def test_the_distillations_have_weights_and_teachers(registry: Registry) -> None:
    weights = {e.child: e.parent for e in registry.curated}
    taught = {e.student: e.teacher for e in registry.teachers if e.teacher.startswith("deepseek-ai/")}
    assert len(taught) == 7
    assert weights.keys() >= taught.keys()
    assert weights["deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"] == "Qwen/Qwen2.5-Math-7B"
    assert taught["deepseek-ai/DeepSeek-R1-0528-Qwen3-8B"] == "deepseek-ai/DeepSeek-R1-0528"


def test_edges_use_newest_names(registry: Registry) -> None:
    ends = {end for e in registry.curated for end in (e.child, e.parent)}
    ends |= {end for e in registry.teachers for end in (e.student, e.teacher)}
    assert {end for end in ends if registry.canonical(end) != end} == set()


def test_licence_classes(registry: Registry) -> None:
    classes = {id: registry.license(id).license_class for id in ("apache-2.0", "GPL-3.0", "llama3.1", "cc-by-nc-4.0")}
    assert [c.strictness for c in classes.values()] == [0, 1, 2, 3]
    assert registry.license(None).license_class is LicenseClass.MISSING
    assert registry.license("other").license_class is LicenseClass.OTHER
    assert registry.license("made-up").license_class is LicenseClass.OTHER
    assert LicenseClass.OTHER.strictness is None


def test_every_name_pattern_compiles(registry: Registry) -> None:
    assert {f.slug: fault for f in registry.families if f.name_pattern and (fault := regex_fault(f.name_pattern))} == {}


def test_name_patterns_find_their_own_members_only_by_name(registry: Registry) -> None:
    def named(name: str) -> set[str]:
        return {f.slug for f in registry.families if f.name_pattern and re.search(f.name_pattern, name, re.I)}

    assert named("DeepSeek-R1-Distill-Qwen-7B") == {"qwen", "deepseek"}
    assert named("Molmo-7B-O") == set()
    assert named("my-gemma-3-finetune") == {"gemma"}


def test_claims_and_markers_are_data(registry: Registry) -> None:
    by_slug = {claim.slug: claim for claim in registry.published}
    assert [f.value for f in by_slug["hf-113k"].figures] == [113_000, 27_000, 6_000]
    assert by_slug["qwen-100k"].ahead_of == ("llama",)
    assert [f.value for f in by_slug["qwen-share-of-new"].figures] == [1, 69]
    assert [marker.on for marker in registry.markers] == [date(2025, 7, 23)]
