"""Random documents that change: every state is valid, and says what was changed.

A world is what operators mean (capabilities, names, PIDs) and how they wrote it down (files). Both are
edited; what they mean is made by the generator of test_wire.py.
"""
import ipaddress

import wire_model
from test_wire import Maker

MARKER = "FCI.Marker"
PIDS = ["pid-a", "pid-b", "Pid:c"]

ODD = ["data: x", "event: y\n\n", "\r\n", " leading", "\u2028", "\U0001f600", "a/b~c", "\u0000",
       "\ufeff",
       "e\u0301", "\u00e9"]


class World:
    def __init__(self, rng):
        self.rng, self.maker = rng, Maker(rng)
        self.maker.pids = PIDS
        self.marker = 0
        self.count = 0  # of names
        self.simple = {self.new_name(): self.maker.simple_footprint() for _ in range(3)}
        self.plain = {self.new_name(): self.maker.footprint() for _ in range(4)}
        self.large = self.new_name()
        base = int(ipaddress.ip_address("203.0.113.0"))
        self.prefixes = {base + n for n in rng.sample(range(256), rng.choice([5, 60, 200]))}
        self.hosts6 = {n for n in rng.sample(range(65536), rng.choice([3, 30]))}
        self.capabilities = [self.capability() for _ in range(rng.randint(2, 12))]
        self.pids = {}
        self.draw_pids()
        self.files = rng.randint(1, 4)

    def new_name(self):
        self.count += 1
        return f"name-{self.count}"

    def capability(self):
        names = [*self.plain, *self.simple]
        if self.rng.random() < 0.4:
            names = [self.large, *names[:1]]
        # The large one may be in a list only of simple ones, for it has both families.
        made = self.maker.capability(names, list(self.simple))
        if made["capability-type"] not in wire_model.ONCE and self.rng.random() < 0.15:
            made["capability-type"] = "FCI.Opaque"
            made["capability-value"] = self.opaque()
        return made

    def opaque(self):
        rng = self.rng
        made = {rng.choice(["a", "b", "a/b", "m~n", "", "\u00e9"]): self.maker.any_json()
                for _ in range(rng.randint(1, 4))}
        made["text"] = rng.choice(ODD)
        made["list"] = [rng.choice([None, "x", {"n": None}, [],
                                    1]) for _ in range(rng.randrange(6))]
        return made

    def draw_pids(self):
        taken, self.pids = set(), {}
        for pid in [*PIDS, "pid-default"]:
            self.pids[pid] = self.draw_pid(taken)

    def draw_pid(self, taken):
        lists = {}
        for family, make in (("ipv4", self.maker.v4), ("ipv6", self.maker.v6)):
            own = {}
            for _ in range(self.rng.randrange(6)):
                text = make()
                own[wire_model.prefix(text)] = text
            fresh = [text for key, text in own.items() if key not in taken]
            taken.update(own)
            if fresh:
                lists[family] = fresh
        return lists

    # ---- edits ----

    def edit(self):
        """One change, and its name."""
        edits = [self.edit_large] * 4 + [
            self.edit_value, self.edit_value, self.edit_member, self.edit_member, self.edit_add,
            self.edit_remove, self.edit_place, self.edit_footprint, self.edit_pid, self.edit_pid,
            self.edit_move_prefix, self.edit_name, self.edit_files, self.edit_order, self.edit_swap]
        made = self.rng.choice(edits)
        made()
        return made.__name__.removeprefix("edit_")

    def edit_large(self):
        rng = self.rng
        base = int(ipaddress.ip_address("203.0.113.0"))
        for _ in range(rng.choice([1, 1, 1, 2, 30, 150])):
            self.prefixes ^= {base + rng.randrange(256)}
        if rng.random() < 0.3:
            self.hosts6 ^= {rng.randrange(65536)}
        self.prefixes |= {base}

    def edit_value(self):
        if self.capabilities:
            one = self.rng.choice(self.capabilities)
            kind = one["capability-type"]
            one["capability-value"] = (self.opaque() if kind == "FCI.Opaque"
                                       else self.maker.value(kind))

    def edit_member(self):
        """Deep inside of what nobody here understands."""
        found = [one for one in self.capabilities if one["capability-type"] == "FCI.Opaque"]
        if not found:
            self.capabilities.append({"capability-type": "FCI.Opaque",
                                      "capability-value": self.opaque(),
                                      "footprints": [self.large]})
            return
        value = self.rng.choice(found)["capability-value"]
        name = self.rng.choice(sorted(value))
        if name == "list":
            value[name].insert(self.rng.randint(0, len(value[name])), self.maker.any_json(1))
        elif self.rng.random() < 0.3 and len(value) > 2 and name != "text":
            del value[name]
        else:
            value[name] = self.maker.any_json(2)
        value.setdefault("text", self.rng.choice(ODD))
        if not isinstance(value.get("list"), list):
            value["list"] = []

    def edit_add(self):
        self.capabilities.append(self.capability())

    def edit_remove(self):
        if self.capabilities:
            self.capabilities.pop(self.rng.randrange(len(self.capabilities)))

    def edit_place(self):
        """The same capability elsewhere."""
        if self.capabilities:
            one = self.rng.choice(self.capabilities)
            if one["capability-type"] in wire_model.ONCE:
                one["footprints"] = [self.rng.choice(list(self.simple))]
            else:
                one["footprints"] = self.maker.some([*self.plain, *self.simple, self.large])

    def edit_footprint(self):
        which = self.rng.choice([self.simple, self.plain])
        name = self.rng.choice(list(which))
        which[name] = (self.maker.simple_footprint() if which is self.simple
                       else self.maker.footprint())

    def edit_pid(self):
        pid = self.rng.choice(list(self.pids))
        taken = {wire_model.prefix(text) for name, lists in self.pids.items() if name != pid
                 for texts in lists.values() for text in texts}
        self.pids[pid] = self.draw_pid(taken)

    def edit_move_prefix(self):
        """From one PID to another."""
        full = [(pid, family) for pid, lists in self.pids.items() for family in lists]
        if full:
            pid, family = self.rng.choice(full)
            text = self.pids[pid][family].pop()
            if not self.pids[pid][family]:
                del self.pids[pid][family]
            self.pids[self.rng.choice(PIDS)].setdefault(family, []).append(text)

    def edit_name(self):
        """Another name for the same: nothing changes on the wire."""
        which = self.rng.choice([self.simple, self.plain])
        old, new = self.rng.choice(list(which)), self.new_name()
        which[new] = which.pop(old)
        for one in self.capabilities:
            one["footprints"] = [new if name == old else name for name in one["footprints"]]

    def edit_files(self):
        """Nothing changes on the wire."""
        self.files = self.rng.randint(1, 5)

    def edit_order(self):
        """Nothing changes on the wire."""
        self.rng.shuffle(self.capabilities)

    def edit_swap(self):
        """A capability in the place of another one."""
        self.edit_remove()
        self.edit_add()

    # ---- what is written ----

    def documents(self):
        """{file name: document}; every state has another marker."""
        self.marker += 1
        rng = self.rng
        parts = [{"version": 1} for _ in range(self.files)]
        large = {"cidr": [f"{ipaddress.ip_address(one)}/32" for one in self.prefixes] +
                 [f"2001:db8::{one:x}/128" for one in self.hosts6]}
        for name, made in {**self.simple, **self.plain, self.large: large}.items():
            rng.choice(parts).setdefault("footprints", {})[name] = made
        marker = {"capability-type": MARKER, "capability-value": {"n": self.marker},
                  "footprints": ["everywhere"]}
        for one in [*self.capabilities, marker]:
            rng.choice(parts).setdefault("capabilities", []).append(one)
        rng.choice(parts)["network-maps"] = {"netmap": {"pids": self.pids}}
        return {f"{rng.randrange(100):02}-{number}.{rng.choice(['json', 'yaml'])}": part
                for number, part in enumerate(parts)}
