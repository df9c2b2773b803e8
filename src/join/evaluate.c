#include "compile.h"

static void find(compiled_t *c, uint32_t set)
{
    c->found_bits[set / 64] |= UINT64_C(1) << set % 64;
    c->word_bits[set / 64 / 64] |= UINT64_C(1) << set / 64 % 64;
}

static void hit_constraint(compiled_t *c, uint32_t constraint)
{
    if (c->constraint_round[constraint] == c->round) {
        return; /* another list of the same union */
    }
    c->constraint_round[constraint] = c->round;
    for (uint32_t i = c->by_constraint.first[constraint];
         i < c->by_constraint.first[constraint + 1]; i++) {
        uint32_t set = c->by_constraint.others[i];
        if (c->set_round[set] != c->round) {
            c->set_round[set] = c->round;
            c->set_hits[set] = 0;
        }
        if (++c->set_hits[set] == c->needs[set]) {
            find(c, set);
        }
    }
}

static void hit_list(compiled_t *c, uint32_t list)
{
    for (uint32_t i = c->alone.first[list]; i < c->alone.first[list + 1]; i++) {
        find(c, c->alone.others[i]);
    }
    for (uint32_t i = c->by_list.first[list]; i < c->by_list.first[list + 1]; i++) {
        hit_constraint(c, c->by_list.others[i]);
    }
}

/* The bits as ids, which are in order by themselves; leaves no bit behind. */
static size_t gather_found(compiled_t *c)
{
    size_t found = 0;
    for (size_t i = 0; i <= c->set_count / 64 / 64; i++) {
        for (; c->word_bits[i]; c->word_bits[i] &= c->word_bits[i] - 1) {
            size_t at = i * 64 + (unsigned)__builtin_ctzll(c->word_bits[i]);
            uint64_t word = c->found_bits[at];
            c->found_bits[at] = 0;
            for (; word; word &= word - 1) {
                c->found[found++] = (uint32_t)(at * 64 + (unsigned)__builtin_ctzll(word));
            }
        }
    }
    return found;
}

size_t compiled_evaluate(compiled_t *c, const sets_t *lists, const uint32_t *groups,
                         unsigned group_count)
{
    if (++c->round == 0) {
        /* After 2^32 rounds the marks of old ones would count again. */
        memset(c->constraint_round, 0, c->constraint_count * sizeof *c->constraint_round);
        memset(c->set_round, 0, c->set_count * sizeof *c->set_round);
        c->round = 1;
    }
    for (unsigned g = 0; g < group_count; g++) {
        size_t count;
        const uint32_t *members = sets_members(lists, groups[g], &count);
        for (size_t m = 0; m < count; m++) {
            hit_list(c, members[m]);
        }
    }
    return gather_found(c);
}
