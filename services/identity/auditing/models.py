"""The table that makes the audit log tamper-evident."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Base


class AuditSeal(Base):
    """One link of the chain: its hash covers the entry and the link before. The service's role may only insert and
    read. `seq` has no gaps; it is the order of sealing, because entries' ids are not in commit order."""

    __tablename__ = "audit_seals"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes]
