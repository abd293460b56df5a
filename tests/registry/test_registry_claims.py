"""Which family claims which id: real ids sorted by hand, traps first."""

import pytest

from lineage.registry import Registry, load

TRAPS = (
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B",
    "allenai/olmOCR-7B-0225-preview",
    "allenai/Llama-3.1-Tulu-3-8B",
    "unsloth/Qwen3-8B",
)

MEMBERS = {
    "Qwen/Qwen3.8-27B-FP8": "qwen",
    "meta-llama/Llama-3.1-8B": "llama",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek",
    "THUDM/chatglm-6b": "glm",
    "google/gemma-4-31B-it": "gemma",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


@pytest.mark.parametrize("id", TRAPS)
def test_another_makers_weights_are_not_claimed(registry: Registry, id: str) -> None:
    assert registry.claim(id) is None


@pytest.mark.parametrize(("id", "slug"), MEMBERS.items())
def test_official_releases_are_claimed(registry: Registry, id: str, slug: str) -> None:
    family = registry.claim(id)
    assert family is not None
    assert family.slug == slug
