"""Atom removal, compiled: the pieces of fragments, each found once.

Shapes in this module: ``n`` atoms, ``k`` bonds; ``f`` fragments as bit masks of ``w`` words of 64
bits: atom ``i`` is bit ``i % 64`` of word ``i // 64``. A molecule is three arrays: ``first``,
where the neighbours of each atom begin, ``(n + 1,)``; the ``neighbours`` and the ``orders`` of the
bonds to them in tenths, ``(2k,)``.
"""

from __future__ import annotations

import numba
import numpy as np

# Costs from here on count as one when the limit is looked for that a piece must keep to.
_COST_LIMIT = 4096


def _compiled(function):
    """Compile a function when it is first called, and keep the machine code if there is a place.

    numba looks for one in ``NUMBA_CACHE_DIR``, beside the module and in the user's cache folder.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # none of these can be written to
        return numba.njit(function)


@_compiled
def break_fragments(
    first, neighbours, orders, masks, sizes, costs, parents, parent_cost, depth_cost, most, last
):
    """Add the pieces of the parents that are not among the fragments yet.

    At the ``last`` depth, pieces are left out that cost more than ``most`` others: nothing will be
    made of them.

    Takes the molecule; the fragments so far by their masks ``(f, w)``, numbers of atoms ``(f,)``
    and costs in tenths ``(f,)``; the numbers of those to break; and what the depths of these and
    of their pieces cost.

    Returns:
        Masks, atoms and costs of the old fragments and then the new ones.
    """
    atoms, words = len(first) - 1, masks.shape[1]
    count = len(masks)
    masks, sizes, costs = _longer(masks), _longer(sizes), _longer(costs)
    slots = _hashed(masks, count)
    # How many fragments have each cost, up to the limit above which no piece can come in.
    number_of = np.zeros(_COST_LIMIT, np.int32)
    for i in range(count):
        number_of[min(costs[i], _COST_LIMIT - 1)] += 1
    limit, within = _COST_LIMIT - 1, count
    pieces = np.empty((2 * atoms, words), np.uint64)
    piece_sizes, piece_cuts = np.empty(2 * atoms, np.int32), np.empty(2 * atoms, np.int32)
    workspace = np.empty((11, atoms), np.int32)
    subtrees, apart = np.empty((atoms, words), np.uint64), np.empty((atoms, words), np.uint64)
    most_cut = 1 << 30
    for parent in parents:
        if last:
            while within - number_of[limit] >= most:
                within -= number_of[limit]
                limit -= 1
                most_cut = limit - depth_cost
        found = _pieces(
            first, neighbours, orders, masks[parent], costs[parent] - parent_cost, most_cut,
            workspace, subtrees, apart, pieces, piece_sizes, piece_cuts,
        )  # fmt: skip
        for i in range(found):
            slot = _slot(slots, masks, pieces[i])
            if slots[slot] >= 0:
                continue
            if count == len(masks):
                masks, sizes, costs = _longer(masks), _longer(sizes), _longer(costs)
                slots = _hashed(masks, count)
                slot = _slot(slots, masks, pieces[i])
            slots[slot] = count
            masks[count] = pieces[i]
            sizes[count] = piece_sizes[i]
            costs[count] = piece_cuts[i] + depth_cost
            number_of[min(costs[count], _COST_LIMIT - 1)] += 1
            within += 1
            count += 1
    return masks[:count], sizes[:count], costs[:count]


@_compiled
def _pieces(
    first, neighbours, orders, mask, cut, most_cut, workspace, subtrees, apart, pieces, sizes, cuts
):
    """Find what is left of a fragment without each of its atoms, by one depth-first search.

    Without atom ``v``, a branch of the search tree below ``v`` is on its own if no bond leads from
    it past ``v`` (Hopcroft and Tarjan, Commun. ACM 1973, 16, 372); whatever else is left hangs
    together. The orders of the cut bonds are summed on the way.

    Takes the molecule; the fragment, ``(w,)``, and what its cut bonds sum to; the most that those
    of a piece may sum to; and memory to work in, ``(11, n)``, ``(n, w)`` and ``(n, w)``. Fills in
    the pieces' masks ``(2n, w)``, numbers of atoms ``(2n,)`` and sums of cut bonds ``(2n,)``.

    Returns:
        Number of pieces.
    """
    found_at, lowest, parent, level = workspace[0], workspace[1], workspace[2], workspace[3]
    path, position, to_parent = workspace[4], workspace[5], workspace[6]
    branch_size, branch_cut, rest_size, rest_cut = (
        workspace[7], workspace[8], workspace[9], workspace[10],
    )  # fmt: skip
    words = len(mask)
    one = np.uint64(1)
    size, root = 0, -1
    for v in range(len(first) - 1):
        # -2: not in the fragment; -1: in it, and not found yet.
        found_at[v] = -2
        if (mask[v >> 6] >> np.uint64(v & 63)) & one:
            found_at[v] = -1
            size += 1
            root = v
    count, seen = 0, 0
    v = root
    parent[v], level[v] = -1, 0
    while v >= 0:
        if found_at[v] == -1:
            found_at[v] = lowest[v] = seen
            seen += 1
            path[level[v]] = v
            position[v] = first[v]
            branch_size[v], branch_cut[v], to_parent[v] = 1, 0, 0
            rest_size[v], rest_cut[v] = size - 1, cut
            for word in range(words):
                subtrees[v, word] = apart[v, word] = 0
            subtrees[v, v >> 6] = apart[v, v >> 6] = one << np.uint64(v & 63)
        down = -1
        while down < 0 and position[v] < first[v + 1]:
            u, order = neighbours[position[v]], orders[position[v]]
            position[v] += 1
            if found_at[u] == -2:
                branch_cut[v] += order
                rest_cut[v] -= order
                continue
            rest_cut[v] += order
            if found_at[u] == -1:
                down = u
            elif found_at[u] < found_at[v]:
                # The branch below u that v is on: v itself, where u is its parent.
                to_parent[path[level[u] + 1]] += order
                if u != parent[v]:
                    lowest[v] = min(lowest[v], found_at[u])
        if down >= 0:
            parent[down], level[down] = v, level[v] + 1
            v = down
            continue
        p = parent[v]
        if p >= 0:
            if rest_cut[v] <= most_cut:
                for word in range(words):
                    pieces[count, word] = mask[word] & ~apart[v, word]
                sizes[count], cuts[count] = rest_size[v], rest_cut[v]
                count += 1
            if lowest[v] >= found_at[p]:
                branch = branch_cut[v] + to_parent[v]
                rest_size[p] -= branch_size[v]
                rest_cut[p] -= branch
                for word in range(words):
                    apart[p, word] |= subtrees[v, word]
                if branch <= most_cut:
                    for word in range(words):
                        pieces[count, word] = subtrees[v, word]
                    sizes[count], cuts[count] = branch_size[v], branch
                    count += 1
            lowest[p] = min(lowest[p], lowest[v])
            branch_size[p] += branch_size[v]
            branch_cut[p] += branch_cut[v]
            for word in range(words):
                subtrees[p, word] |= subtrees[v, word]
        v = p
    return count


@_compiled
def _slot(slots, masks, mask):
    """Return the slot that holds a mask's number, or the empty one where it goes."""
    mixed = np.uint64(0)
    for word in mask:
        # The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, 453).
        mixed = (mixed ^ word) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    slot = np.int64(mixed & np.uint64(len(slots) - 1))
    while slots[slot] >= 0:
        same = True
        for word in range(len(mask)):
            if masks[slots[slot], word] != mask[word]:
                same = False
                break
        if same:
            break
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@_compiled
def _hashed(masks, count):
    """Return slots with the numbers of the first ``count`` masks, and room for those to come."""
    size = 256
    while size < 2 * len(masks):
        size *= 2
    slots = np.full(size, -1, np.int32)
    for i in range(count):
        slots[_slot(slots, masks, masks[i])] = i
    return slots


@_compiled
def _longer(array):
    """Return a copy with room for twice as many rows."""
    longer = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
