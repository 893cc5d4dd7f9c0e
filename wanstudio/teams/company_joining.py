"""The person behind a company's sign-in: known by `sub`, by a verified address, by an invitation, or by domain."""

from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.settings_sign_in import Company
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.opened import opened_of
from wanstudio.teams.roles import Role
from wanstudio.teams.verbs import accept
from wanstudio.teams.words import NotLetIn


class Refused(Exception):
    """This person gets no session; `why` says the reason."""

    def __init__(self, why: NotLetIn) -> None:
        super().__init__(why.name)
        self.why = why


@dataclass(frozen=True)
class Claimed:
    """What the issuer says: `email` in lower case and verified, or empty; `name` as the studio shows it."""

    email: str
    name: str


def claimed(claims: dict[str, object]) -> Claimed:
    """Raises Refused without an address that the issuer has verified."""
    sent = str(claims.get("email") or "").strip()
    email = sent.lower()
    try:
        # The Kelvin sign in lower case is a k: two mailboxes must not become one.
        validate_email(email if email.isascii() == sent.isascii() else "")
    except ValidationError:
        raise Refused(NotLetIn.NO_EMAIL) from None
    # Entra has no email_verified, but can say that the owner of the domain is.
    if claims.get("email_verified") is not True and claims.get("xms_edov") not in (True, "true", "1"):
        raise Refused(NotLetIn.UNVERIFIED)
    parts = [str(claims.get(name) or "") for name in ("given_name", "family_name")]
    name = " ".join((str(claims.get("name") or "") or " ".join(parts)).split())
    return Claimed(email, name[:100] or email.partition("@")[0][:100])


def admit(company: Company, account: SocialAccount, person: Claimed, invitation: Invitation | None) -> None:
    """Ties the company's account to a person of the studio, who is in a team then: all of it or nothing.

    By address only if the issuer has verified it, and never to someone who signs in with another account of this
    company: an address can be given to the next person. Raises Refused; `IntegrityError`, if another request has
    made the same person at this moment.
    """
    with transaction.atomic():
        who = User.objects.select_for_update().filter(email=person.email).first()
        if who is None:
            who = _new(company, person, invitation)
        else:
            _tie(who, account)
        account.user = who
        account.save()
        record("signin.tied", person=who, about=company.label)


def _tie(who: User, account: SocialAccount) -> None:
    if not who.is_active:
        raise Refused(NotLetIn.DISABLED)
    if SocialAccount.objects.filter(provider=account.provider, user=who).exists():
        raise Refused(NotLetIn.OTHER_PERSON)
    if not owns_studio(who):
        # The studio has not checked who took this address here first: their password, sessions, tokens and
        # invitations end. An owner's password stays, for the day when the issuer is away.
        who.set_unusable_password()
        who.save(update_fields=["password"])
        for member in who.memberships.select_related("team"):
            for opened in opened_of(member):
                if not opened.outlives:
                    opened.close(who)


def _new(company: Company, person: Claimed, invitation: Invitation | None) -> User:
    invitations = list(Invitation.pending().filter(email=person.email).order_by("pk"))
    if invitation and not invitation.email:
        invitations.append(invitation)
    by_domain = company.join == "domain" and person.email.rpartition("@")[2] in company.domains
    team = None if invitations or not by_domain else default_team(company)
    if company.join == "never" or not (invitations or team):
        raise Refused(NotLetIn.NO_TEAM if by_domain else NotLetIn.NOT_INVITED)
    who = User.objects.create_user(person.email, None, name=person.name)
    for one in invitations:
        accept(one, who)
    if team:
        Membership.objects.create(team=team, user=who, role=company.role)
        record("member.joined", team=team, person=who, about=f"as {company.role}")
    return who


def default_team(company: Company) -> Team | None:
    """The team of those who join by domain; None if there is none of that name."""
    return (
        Team.objects.filter(**({"name": company.team} if company.team else {"is_first": True})).order_by("pk").first()
    )


def owns_studio(who: User) -> bool:
    return Membership.objects.filter(user=who, team__is_first=True, role=Role.OWNER).exists()
