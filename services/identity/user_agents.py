"""What to call a device in the list of one's sessions."""

# Browsers name their relatives as well, so the first match counts: Edge says Chrome and Safari, Chrome says Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
UNKNOWN = "Unknown device"


def device_name(user_agent: str) -> str:
    """Such as "Firefox on Windows". An app that is no browser is called by its product: "AcademyApp"."""
    system = _first(SYSTEMS, user_agent)
    browser = _first(BROWSERS, user_agent)
    if not browser:
        product = user_agent.split("/")[0].split(" ")[0][:40]
        browser = "" if product == "Mozilla" else product
    return " on ".join(part for part in (browser, system) if part) or UNKNOWN


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
