"""The page's own style, on the theme's colours; and its sign."""

from pathlib import Path

SIGN = Path(__file__).parent / "sign.svg"

CSS = """
.stMainBlockContainer{padding-top:4.6rem;padding-bottom:3rem;max-width:1440px}
.ln-title{font-size:1.65rem;font-weight:650;line-height:1.25;margin:0;padding:0;overflow-wrap:anywhere;}
.ln-line,.ln-rule,.ln-note{margin:0;font-size:.86rem;line-height:1.5;overflow-wrap:anywhere}
.ln-line,.ln-rule{color:color-mix(in srgb,currentColor 68%,transparent)}
.ln-note{padding-left:.9rem;border-left:3px solid #8884}
.ln-badge{display:inline-block;background:#f2c230;color:#161616;font-weight:700;font-size:.74rem;letter-spacing:.03em;
  padding:.06rem .5rem;border-radius:4px;margin-right:.55rem}
.ln-receipt p{margin:0;font-size:.78rem;line-height:1.5;overflow-wrap:anywhere;
  color:color-mix(in srgb,currentColor 62%,transparent)}
.ln-small{margin:0;font-size:.9rem}
.ln-claims{display:grid;grid-template-columns:max-content 1fr;gap:.4rem .7rem;font-size:.82rem;line-height:1.4;
  margin-top:.3rem;max-height:13.3rem;overflow:auto}
.ln-verdict{display:inline-block;min-width:5.6rem;text-align:center;color:#fff;font-size:.72rem;font-weight:650;
  border-radius:4px;padding:.1rem .4rem}
.ln-end{border:0;border-top:1px solid #8884;margin:.4rem 0 0}
.ln-chip{display:inline-flex;align-items:center;vertical-align:middle;gap:.35rem;
  margin:0 .9rem .1rem 0;font-size:.82rem;white-space:nowrap}
.ln-dot{display:inline-flex;width:1.15rem;height:1.15rem;border-radius:50%;align-items:center;justify-content:center;
  font-size:.68rem;font-weight:700;color:#fff}
.ln-dash{display:inline-block;width:1.5rem;height:0;border-top:2px solid currentColor}
.ln-id{font-family:monospace;font-size:.9rem;overflow-wrap:anywhere}
.stMainBlockContainer h3{font-size:1.15rem;padding:.3rem 0 .35rem}
[data-testid=stButtonGroup] button{min-height:2.5rem}
button[kind^=primary] *{color:light-dark(#fff,#14161a)}
.ln-rule{margin-top:-.75rem}
.ln-facts{padding:0!important;display:grid;
  grid-template-columns:max-content 1fr;gap:.15rem .9rem;font-size:.86rem;margin:.2rem 0}
.ln-facts dt{color:color-mix(in srgb,currentColor 62%,transparent);margin:0!important}
.ln-facts dd{margin:0!important;overflow-wrap:anywhere}
.st-key-search{position:fixed;top:.55rem;right:3.4rem;width:20rem;z-index:1000000}
.st-key-hits{position:absolute;top:2.7rem;right:0;width:34rem;max-width:90vw;max-height:26rem;overflow:auto;gap:0;
  background:light-dark(#fff,#1d2026);border:1px solid #8884;border-radius:6px;
  padding:.5rem .6rem;box-shadow:0 8px 28px #0004}
"""
