"""The page behind a mail's link that ends mails about courses. It loads and runs nothing."""

from fastapi.responses import HTMLResponse

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Mails about courses</title>
</head>
<body>
<main>
<h1>Mails about courses</h1>
{content}
</main>
</body>
</html>
"""
_QUESTION = """<p>Announcements and live sessions of your courses will not be mailed to you any more. You still see them
when you sign in.</p>
<form method="post"><button type="submit">No more mails about courses</button></form>"""
_CONFIRMATION = "<p>You get no more mails about courses. Your notification settings turn them on again.</p>"


def ask() -> HTMLResponse:
    """With the button that ends them, so that a program which follows links ends nothing."""
    return HTMLResponse(_PAGE.format(content=_QUESTION), headers=_HEADERS)


def confirm() -> HTMLResponse:
    """They have ended."""
    return HTMLResponse(_PAGE.format(content=_CONFIRMATION), headers=_HEADERS)
