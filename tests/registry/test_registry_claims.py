"""Which family claims which id: real ids sorted by hand."""

import polars as pl
import pytest

from lineage.registry import Registry

MEMBERS = {
    "qwen": (
        "Qwen/Qwen-7B",
        "Qwen/Qwen-1_8B-Chat-Int4",
        "Qwen/Qwen1.5-MoE-A2.7B",
        "Qwen/CodeQwen1.5-7B-Chat",
        "Qwen/Qwen2-VL-7B-Instruct-AWQ",
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        "Qwen/Qwen2.5-Math-7B",
        "Qwen/QwQ-32B",
        "Qwen/QVQ-72B-Preview",
        "Qwen/Qwen3-8B-FP8",
        "Qwen/Qwen3Guard-Gen-8B",
        "Qwen/Qwen-Image-Edit-2511",
        "Qwen/Qwen3.5-9B-Base",
        "Qwen/Qwen3.8-27B",
        "Qwen/Qwen3.8-2.4T-A95B",
        "qwen/qwen3.8-27b",
    ),
    "llama": (
        "meta-llama/Llama-2-7b",
        "meta-llama/Llama-2-70b-chat-hf",
        "meta-llama/Meta-Llama-3-8B",
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-405B-FP8",
        "meta-llama/Llama-3.2-11B-Vision",
        "meta-llama/Llama-3.3-70B-Instruct",
        "meta-llama/Llama-4-Scout-17B-16E",
        "codellama/CodeLlama-7b-hf",
        "meta-llama/CodeLlama-34b-Python-hf",
        "Meta-Llama/llama-3.1-8b",
    ),
    "deepseek": (
        "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-R1-0528",
        "deepseek-ai/DeepSeek-R1-Zero",
        "deepseek-ai/DeepSeek-V3-0324",
        "deepseek-ai/DeepSeek-V4-Flash-0731",
        "deepseek-ai/deepseek-coder-6.7b-base",
        "deepseek-ai/deepseek-llm-7b-chat",
        "deepseek-ai/DeepSeek-OCR-2",
        "deepseek-ai/deepseek-vl2-tiny",
        "deepseek-ai/Janus-Pro-7B",
        "deepseek-ai/DeepSeek-Prover-V2-7B",
    ),
    "gemma": (
        "google/gemma-2b",
        "google/gemma-7b-it-GGUF",
        "google/gemma-2-9b-it",
        "google/gemma-3-1b-it",
        "google/gemma-3n-E4B-it",
        "google/gemma-4-31B",
        "google/gemma-4-E2B-it-qat-w4a16-ct",
        "google/codegemma-7b",
        "google/paligemma2-3b-pt-224",
        "google/t5gemma-2b-2b-ul2",
        "google/medgemma-1.5-4b-it",
        "google/embeddinggemma-300m",
        "google/diffusiongemma-26B-A4B-it",
        "google/Gemma-3-1B-IT",
    ),
    "mistral": (
        "mistralai/Mistral-7B-v0.1",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "mistralai/Ministral-3-3B-Base-2512",
        "mistralai/Devstral-Small-2507",
        "mistralai/Mamba-Codestral-7B-v0.1",
        "mistralai/Voxtral-Mini-4B-Realtime-2602",
        "mistral-community/Mistral-7B-v0.2",
        "mistral-community/pixtral-12b",
        "mistralai/Mistral-Large-3-675B-Instruct-2512-NVFP4",
    ),
    "phi": (
        "microsoft/phi-1_5",
        "microsoft/phi-2",
        "microsoft/Phi-3.5-MoE-instruct",
        "microsoft/Phi-4-reasoning-plus",
        "microsoft/Phi-tiny-MoE-instruct",
    ),
    "gpt-oss": (
        "openai/gpt-oss-20b",
        "openai/gpt-oss-120b",
    ),
    "glm": (
        "zai-org/GLM-5-FP8",
        "zai-org/glm-4-9b-chat",
        "zai-org/chatglm3-6b",
        "THUDM/chatglm2-6b-int4",
        "THUDM/GLM-4-32B-0414",
        "zai-org/codegeex4-all-9b",
        "zai-org/cogagent-9b-20241220",
        "zai-org/AutoGLM-Phone-9B",
    ),
    "cogvideo": (
        "zai-org/CogVideoX-5b",
        "THUDM/CogView4-6B",
    ),
    "distilbert": ("distilbert-base-uncased",),
    "distilgpt2": ("distilgpt2",),
    "distilroberta": ("distilbert/distilroberta-base",),
    "parakeet": ("nvidia/nemotron-3.5-asr-streaming-0.6b",),
    "ace-step": (
        "ACE-Step/Ace-Step1.5",
        "ACE-Step/acestep-v15-xl-sft",
    ),
    "kimi": (
        "moonshotai/Kimi-K2-Instruct-0905",
        "moonshotai/Kimi-K3",
        "moonshotai/Kimi-VL-A3B-Thinking",
        "moonshotai/Moonlight-16B-A3B",
    ),
    "minimax": (
        "MiniMaxAI/MiniMax-H3",
        "MiniMaxAI/MiniMax-Text-01-hf",
        "MiniMaxAI/MiniMax-M2.7",
    ),
    "ernie": (
        "baidu/ERNIE-4.5-0.3B-PT",
        "baidu/ERNIE-4.5-300B-A47B-Base-Paddle",
    ),
    "hunyuan": (
        "tencent/Hunyuan-7B-Instruct-FP8",
        "tencent/Tencent-Hunyuan-Large",
        "tencent/HunyuanVideo",
        "tencent/Hy3",
        "tencent/HY-MT1.5-7B",
    ),
    "olmo": (
        "allenai/OLMo-7B",
        "allenai/OLMo-2-1124-13B-DPO",
        "allenai/Olmo-3-32B-Think",
        "allenai/OLMoE-1B-7B-0924",
        "allenai/FlexOlmo-7x7B-1T",
        "allenai/Bolmo-1B",
    ),
    "falcon": (
        "tiiuae/falcon-7b",
        "tiiuae/Falcon3-10B-Base",
        "tiiuae/Falcon-H1-0.5B-Base",
        "tiiuae/falcon-mamba-7b-4bit",
    ),
    "muse": (
        "meta-models/Muse-Glimmer-30B",
        "meta-models/Muse-Glimmer-30B-GGUF",
    ),
    "yi": (
        "01-ai/Yi-34B-200K",
        "01-ai/Yi-Coder-9B-Chat",
    ),
    "baichuan": ("baichuan-inc/Baichuan2-13B-Chat",),
    "internlm": (
        "internlm/internlm-7b",
        "internlm/internlm2_5-7b-chat-1m",
        "internlm/internlm3-8b-instruct",
    ),
    "internvl": ("OpenGVLab/InternViT-300M-448px-V2_5",),
    "skywork": ("Skywork/Skywork-13B-base",),
    "step": (
        "stepfun-ai/Step-3.5-Flash",
        "stepfun-ai/step3",
    ),
    "mimo": ("XiaomiMiMo/MiMo-7B-RL-Zero",),
    "seed": ("ByteDance-Seed/Seed-OSS-36B-Base",),
    "ling": (
        "inclusionAI/Ling-1T",
        "inclusionAI/Ring-mini-2.0-GGUF",
        "inclusionAI/LLaDA2.0-flash",
    ),
    "llada": ("GSAI-ML/LLaDA-8B-Base",),
    "minicpm": (
        "openbmb/MiniCPM-2B-sft-bf16",
        "openbmb/VoxCPM2",
        "openbmb/cpm-bee-10b",
        "openbmb/MiniCPM-V-4",
    ),
    "bge": (
        "BAAI/bge-m3",
        "BAAI/bge-small-en-v1.5",
    ),
    "whisper": ("openai/whisper-large-v3-turbo",),
    "clip": ("openai/clip-vit-base-patch32",),
    "gpt2": (
        "openai-community/gpt2",
        "gpt2",
        "gpt2-xl",
    ),
    "t5": (
        "google-t5/t5-small",
        "t5-base",
        "google/flan-t5-xxl",
        "google/mt5-small",
    ),
    "bert": (
        "google-bert/bert-base-uncased",
        "bert-base-cased",
        "google/electra-base-discriminator",
    ),
    "roberta": (
        "FacebookAI/xlm-roberta-base",
        "roberta-base",
    ),
    "nemotron": (
        "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        "nvidia/Nemotron-4-340B-Base",
        "nvidia/nemotron-3-8b-base-4k",
        "nvidia/Nemotron-Cascade-2-30B-A3B",
        "nvidia/Nemotron-H-8B-Base-8K",
    ),
    "granite": (
        "ibm-granite/granite-4.1-3b",
        "ibm-granite/granite-34b-code-base-8k",
    ),
    "grok": ("xai-org/grok-1",),
    "openelm": ("apple/OpenELM-3B-Instruct",),
    "stable-diffusion": (
        "stabilityai/sdxl-turbo",
        "CompVis/stable-diffusion-v1-4",
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "runwayml/stable-diffusion-v1-5",
    ),
    "flux": ("black-forest-labs/FLUX.2-klein-9b-fp8",),
    "command": (
        "CohereForAI/aya-expanse-8b",
        "CohereLabs/c4ai-command-r-v01",
        "CohereLabs/command-a-plus-05-2026-fp8",
    ),
    "exaone": ("LGAI-EXAONE/K-EXAONE-2.0-750B-A37B",),
    "solar": ("upstage/Solar-Open2-250B",),
    "jamba": (
        "ai21labs/Jamba-v0.1",
        "ai21labs/AI21-Jamba-Mini-1.7",
    ),
    "smollm": ("HuggingFaceTB/SmolVLM-500M-Instruct",),
    "pythia": ("EleutherAI/pythia-70m-deduped",),
    "gpt-neox": (
        "EleutherAI/gpt-neo-125M",
        "EleutherAI/gpt-j-6b",
    ),
    "starcoder": ("bigcode/tiny_starcoder_py",),
    "lfm": ("LiquidAI/LFM2.5-8B-A1B",),
    "bloom": (
        "bigscience/bloomz-560m",
        "bigscience/bloom",
    ),
    "jais": (
        "inceptionai/Jais-2-8B-Chat",
        "core42/jais-13b",
    ),
    "llm-jp": ("llm-jp/llm-jp-3-13b",),
    "krea": ("krea/Krea-2-Raw",),
    "inkling": ("thinkingmachines/Inkling",),
}
"""Official releases by family; old names, wrong case and makers' own quantised variants among them."""

DERIVED = (
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B",
    "nvidia/Llama-3.1-Nemotron-70B-Instruct",
    "nvidia/Llama-3_1-Nemotron-Ultra-253B-v1",
    "nvidia/Llama-3.1-Minitron-4B-Depth-Base",
    "nvidia/Mistral-NeMo-Minitron-8B-Base",
    "nvidia/Minitron-4B-Base",
    "nvidia/OpenCodeReasoning-Nemotron-32B",
    "nvidia/OpenMath-Nemotron-7B",
    "nvidia/AceReason-Nemotron-14B",
    "nvidia/Nemotron-Cascade-8B",
    "nvidia/Nemotron-Terminal-32B",
    "nvidia/Nemotron-Orchestrator-8B",
    "nvidia/Nemotron-Research-Reasoning-Qwen-1.5B",
    "nvidia/DeepSeek-R1-FP4",
    "nvidia/Gemma-4-31B-IT-NVFP4",
    "nvidia/Qwen3.6-27B-NVFP4",
    "nvidia/gpt-oss-puzzle-88B",
    "nvidia/Mistral-NeMo-12B-Base",
    "nvidia/Cosmos-Reason2-8B",
    "NousResearch/Hermes-3-Llama-3.1-8B",
    "NousResearch/Llama-2-7b-hf",
    "tokyotech-llm/Llama-3.1-Swallow-8B-v0.1",
    "elyza/Llama-3-ELYZA-JP-8B",
    "aisingapore/Llama-SEA-LION-v3-8B-IT",
    "typhoon-ai/llama-3-typhoon-v1.5-8b",
    "allenai/Llama-3.1-Tulu-3-8B",
    "allenai/tulu-2-7b",
    "allenai/Molmo-7B-D-0924",
    "allenai/olmOCR-7B-0225-preview",
    "allenai/olmOCR-2-7B-1025-FP8",
    "upstage/SOLAR-10.7B-v1.0",
    "OpenGVLab/InternVL3-8B",
    "OpenGVLab/InternVL2-Llama3-76B",
    "OpenGVLab/InternVL3_5-GPT-OSS-20B-A4B-Preview",
    "OpenGVLab/Mono-InternVL-2B",
    "internlm/Intern-S1",
    "internlm/Intern-S2-Preview",
    "internlm/internlm2-math-plus-mixtral8x22b",
    "internlm/OREAL-DeepSeek-R1-Distill-Qwen-7B",
    "moonshotai/Kimi-Audio-7B-Instruct",
    "sarvamai/sarvam-m",
    "openbmb/MiniCPM-Llama3-V-2_5",
    "openbmb/MiniCPM-V-4.6",
    "openbmb/MiniCPM-o-2_6-gguf",
    "baichuan-inc/Baichuan-M2-32B",
    "zai-org/cogvlm2-llama3-chat-19B",
    "THUDM/agentlm-7b",
    "zai-org/LongWriter-llama3.1-8b",
    "zai-org/cogagent-chat-hf",
    "THUDM/glm-roberta-large",
    "tencent/WeDLM-8B-Base",
    "tencent/UI-Mate-27B",
    "baidu/Qianfan-VL-8B",
    "meta-llama/Llama-Prompt-Guard-2-86M",
    "meta-llama/Prompt-Guard-86M",
    "Skywork/Skywork-OR1-7B",
    "inclusionAI/AReaL-boba-RL-7B",
    "ByteDance-Seed/UI-TARS-1.5-7B",
    "Salesforce/xgen-mm-phi3-mini-instruct-r-v1",
    "databricks/dolly-v2-7b",
    "bigscience/mt0-small",
    "stabilityai/japanese-stablelm-base-gamma-7b",
    "HuggingFaceTB/FineMath-Llama-3B",
    "HuggingFaceH4/zephyr-7b-beta",
    "unsloth/Qwen3-8B",
    "unsloth/gpt-oss-20b",
    "huggyllama/llama-7b",
    "amd/Qwen3.8-27B-Quark-AWQ-MXFP4",
    "arcee-ai/SuperNova-Medius",
    "Snowflake/Llama-3.1-SwiftKV-8B-Instruct",
    "microsoft/Orca-2-7b",
    "BAAI/Gemma2-9B-IT-Simpo-Infinity-Preference",
    "google/madlad400-3b-mt",
    "facebook/Meta-SecAlign-70B",
    "Qwen2.5-7B",
    "evil/Qwen/Qwen3-8B",
)
"""Ids that look like a family's and have another's weights, or another publisher."""


@pytest.mark.parametrize(("slug", "ids"), MEMBERS.items())
def test_official_releases_are_claimed_by_their_own_family_only(
    registry: Registry, slug: str, ids: tuple[str, ...]
) -> None:
    claimed = {id: [family.slug for family in registry.matching(id)] for id in ids}
    assert claimed == {id: [slug] for id in ids}


def test_what_has_anothers_weights_is_claimed_by_none(registry: Registry) -> None:
    assert {id: family.slug for id in DERIVED if (family := registry.claim(id))} == {}


def test_many_ids_at_once_are_claimed_as_one_by_one(registry: Registry) -> None:
    ids = [*DERIVED, *(id for members in MEMBERS.values() for id in members), "gpt2-medium", "\u212aimi/x"]
    table = registry.claims(pl.Series(ids))
    assert table.schema == {"row": pl.UInt32, "family": pl.UInt16}
    slow = [(row, registry.families.index(family)) for row, id in enumerate(ids) if (family := registry.claim(id))]
    assert table.rows() == slow


def test_a_missing_id_is_claimed_by_none(registry: Registry) -> None:
    assert registry.claims(pl.Series([None, "Qwen/Qwen3-8B"], dtype=pl.String)).rows() == [(1, 0)]
    assert registry.claims(pl.Series([], dtype=pl.String)).height == 0


def test_series_of_members(registry: Registry) -> None:
    expected = {
        "Qwen/Qwen3.8-27B": "Qwen3.8",
        "Qwen/Qwen3-8B": "Qwen3",
        "Qwen/Qwen2.5-Coder-7B": "Qwen2.5",
        "Qwen/Qwen-7B": "Qwen",
        "meta-llama/Meta-Llama-3.1-8B": "Llama 3.1",
        "meta-llama/Meta-Llama-3-8B": "Llama 3",
        "google/t5gemma-2-1b-1b": "Gemma 3",
        "google/t5gemma-2b-2b-ul2": "Gemma 2",
        "THUDM/chatglm2-6b": "ChatGLM",
        "deepseek-ai/DeepSeek-Coder-V2-Base": "V2",
    }
    found = {id: registry.series_of(family, id) for id in expected if (family := registry.claim(id))}
    assert found == expected
