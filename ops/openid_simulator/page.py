"""The page on which a person says who they are."""

from html import escape

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <title>{title} · OpenID simulator</title>
  <style>
    body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem }}
    label, input:not([type=checkbox]), button {{ display: block; width: 100%; box-sizing: border-box }}
    input, button {{ font: inherit; padding: .5rem; margin: .25rem 0 1rem }}
    .banner {{ background: #fff3cd; padding: .5rem .75rem }}
  </style>
</head>
<body>
  <p class="banner">OpenID simulator: whoever you say you are, you are.</p>
  <main>
    <h1>{title}</h1>
    {content}
  </main>
</body>
</html>
"""
_FORM = """<form method="post" action="/authorize?{query}">
      <label for="email">E-mail address</label>
      <input id="email" name="email" type="email" required autocomplete="email">
      <label for="name">Name</label>
      <input id="name" name="name" autocomplete="name">
      <label><input name="verified" type="checkbox" checked> the address is verified</label>
      <button name="act" value="sign-in">Sign in</button>
      <button name="act" value="cancel" formnovalidate>Cancel</button>
    </form>"""


def question(query: str) -> bytes:
    """Asks who somebody is; their answer comes with the same query."""
    return _PAGE.format(title="Who are you?", content=_FORM.format(query=escape(query))).encode()


def refusal(reason: str) -> bytes:
    """Says why nobody is asked."""
    return _PAGE.format(title="This request is not one of ours", content=f"<p>Taken is {escape(reason)}.</p>").encode()
