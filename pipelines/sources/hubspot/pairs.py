"""Which pairs of objects are read, each from one side: those declared, those in use here, those a list shows.

Belongs here: whose associations are asked for. Asking and writing them is `landing`. That a pair is in use
HubSpot says in no list of its own, but each record of a list shows what it is associated with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Links = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Ends:
    """Of one object type. `asked`: of every record; `listed`: of those whose list shows any, when all are
    listed; `known`: of records that changed."""

    asked: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.asked, *self.listed, *self.known)))

    @property
    def unlisted(self) -> Ends:
        """The same where a list does not show associations: all that is known is asked of every record."""
        return Ends(self.known, (), self.known)


def ends(
    objects: Sequence[str], declared: Links, configured: Links, used: Iterable[tuple[str, str]]
) -> dict[str, Ends]:
    """`objects`: those that are read, in the order of the catalog; `used`: pairs the warehouse has rows of.

    What config names is asked for anyhow, so that HubSpot can say what is wrong with it; so is what leads to
    objects that are not read, for a list may be silent about what a token does not see.
    """
    links = _together(objects, declared, configured, used)
    rank = {name: number for number, name in enumerate(objects)}
    found = {}
    for name in objects:
        known = links.get(name, ())
        # Of a pair that nobody declared the later object is asked: there is less of most of them.
        more = [
            other
            for other in objects
            if other not in known and name not in links.get(other, ()) and rank[other] <= rank[name]
        ]
        asked = [each for each in known if each in configured.get(name, ()) or each not in rank]
        listed = [each for each in (*known, *more) if each not in asked]
        found[name] = Ends(tuple(asked), tuple(listed), tuple(known))
    return found


def _together(
    objects: Collection[str], declared: Links, configured: Links, used: Iterable[tuple[str, str]]
) -> dict[str, tuple[str, ...]]:
    links = {name: tuple(each) for name, each in declared.items()}
    more = [(name, end) for name, each in configured.items() for end in each]
    more += [(name, end) for name, end in sorted(used) if name in objects and name not in links.get(end, ())]
    for name, end in more:
        links[name] = tuple(dict.fromkeys((*links.get(name, ()), end)))
    return links
