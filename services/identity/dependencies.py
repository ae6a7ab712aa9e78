"""What identity's routes ask for."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from shared.database import Database


def get_database(request: Request) -> Database:
    """For domain functions that hash between two transactions, or commit and then refuse."""
    database: Database = request.app.state.database
    return database


def get_signer(request: Request) -> TokenSigner:
    """The key that signs access tokens."""
    signer: TokenSigner = request.app.state.signer
    return signer


def get_origin(request: Request) -> Origin:
    """Where the request comes from; uvicorn has put in the client's address when the gateway forwarded it."""
    return Origin(
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", "")[:300],
        request_id=str(request.scope.get("request_id", "")),
    )


def forbid_storing(response: Response) -> None:
    """Answers with tokens or about passwords stay out of caches (RFC 6749 section 5.1)."""
    response.headers["Cache-Control"] = "no-store"


DatabaseDep = Annotated[Database, Depends(get_database)]
SignerDep = Annotated[TokenSigner, Depends(get_signer)]
OriginDep = Annotated[Origin, Depends(get_origin)]
NO_STORE = Depends(forbid_storing)
