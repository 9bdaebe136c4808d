"""Make `traaviis_lab/cost/prices.json` anew: `python -m tests.cost.build_prices 2026-11-21`.

The source is the map of models inside the installed litellm, which is read and not imported.
"""

import json
import sys
from importlib import metadata
from pathlib import Path

from traaviis_lab.cost.price_rows import prices_in, to_row
from traaviis_lab.cost.price_sources import MAP

KEPT = Path(__file__).parents[2] / "traaviis_lab/cost/prices.json"
PROVIDERS = (
    "openai", "anthropic", "gemini", "mistral", "xai", "deepseek", "groq", "cohere", "cohere_chat",
    "azure", "vertex_ai", "cerebras", "moonshot", "perplexity", "bedrock", "voyage",
)  # fmt: skip
NOT_TEXT = ("audio", "realtime", "image", "tts", "transcribe", "ft:", "search-preview", "video")
REGIONS = ("azure/eu/", "azure/us/", "azure/global", "us-gov", "commitment", "bedrock/us-", "bedrock/eu",
           "bedrock/ap", "bedrock/ca", "bedrock/sa", "bedrock/invoke", "bedrock/au.", "bedrock/jp.",
           "bedrock/apac.", "bedrock/global.", "bedrock/*")  # fmt: skip


def rows() -> dict[str, list[object]]:
    text = metadata.distribution("litellm").locate_file(MAP).read_text(encoding="utf-8")
    kept = {}
    for name, price in prices_in(json.loads(text)):
        provider = name.partition("/")[0]
        odd = any(word in name for word in (*NOT_TEXT, *REGIONS))
        if provider in PROVIDERS and not odd:
            kept[name] = to_row(price)
    return dict(sorted(kept.items()))


def main() -> None:
    head = {
        "source": "litellm",
        "version": metadata.version("litellm"),
        "as_of": sys.argv[1],
        "about": "US dollars per million tokens, from model_prices_and_context_window_backup.json "
        "of litellm (MIT). Columns: see cost/price_rows.py.",
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows().items()]
    body = json.dumps(head, indent=1)[:-2] + ',\n "rows": {\n' + ",\n".join(lines) + "\n }\n}\n"
    KEPT.write_text(body, encoding="utf-8")
    print(f"{len(lines)} models, {len(body):,} bytes")


if __name__ == "__main__":
    main()
