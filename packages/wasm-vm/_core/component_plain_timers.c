/* component_plain_timers.c: plain calls of components about time that passes: pollables of the monotonic clock, which are no objects of Python's here.
 *
 * Such a timer is an entry among the host's objects without an object: the function that a guest made it by is called by Python's way if Python is ever
 * asked for it (component_objects.c), as by a wait. What waits, and what is not a timer, is Python's.
 */
#define _GNU_SOURCE
#include "component_plain.h"

#include <time.h>

enum { MOST_TIMERS = 64, SECOND = 1000000000, INDEX_BYTES = 4 };

/* The host's monotonic clock, in ns; -1: it cannot be asked. */
static int64_t monotonic(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) || now.tv_sec < 0 || now.tv_sec >= INT64_MAX / SECOND - 1)
        return -1;
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

/* ns until then; 0: it is over. */
static uint64_t rest_of(int64_t when)
{
    const int64_t now = monotonic();
    if (now < 0)
        return (uint64_t)when;
    return now < when ? (uint64_t)(when - now) : 0;
}

/* One that is over `span` ns after `from`. A place that an object had is taken: tables grow with the GIL alone. */
static bool made(CanonFunction *function, FlatValue *values, int64_t from, bool until)
{
    ComponentState *state = function->state;
    const Node *pollable = function->signature->result;
    ResourceType *type = state->resources[pollable->resource];
    const uint32_t place = objects_free_place(&state->objects);
    const uint64_t span = values[0].bits;
    if (from < 0 || span > (uint64_t)(INT64_MAX - from) || !type || !type->cls || place == NO_PLACE)
        return false;
    const Crossing crossing = {.store = state->store, .program = state->program, .in_guest = true};
    uint32_t index = 0;
    (void)handle_lower_own(&crossing, plain_side(function), pollable->resource, place, &index); /* in a guest, what fails does not return */
    objects_put_timer(&state->objects, place, (HostObject){.type = type, .timer = function, .when = from + (int64_t)span, .until = until, .owns = 1});
    values[0].bits = index;
    return true;
}

/* Whether timers are by the host's clock. */
static const int64_t *clock_of(const CanonFunction *function)
{
    const int64_t *guest = plain_guest(function);
    return guest && guest[GUEST_CLOCKS] ? guest : NULL;
}

bool plain_timer(CanonFunction *function, FlatValue *values) { return clock_of(function) && made(function, values, monotonic(), false); }

bool plain_timer_until(CanonFunction *function, FlatValue *values)
{
    const int64_t *guest = clock_of(function);
    return guest && made(function, values, guest[GUEST_START], true);
}

/* What a call by Python's way makes the same timer of. */
uint64_t plain_timer_argument(const HostObject *timer)
{
    const int64_t *guest = timer->until ? plain_guest(timer->timer) : NULL;
    const int64_t start = guest ? guest[GUEST_START] : 0;
    return !timer->until ? rest_of(timer->when) : timer->when > start ? (uint64_t)timer->when - (uint64_t)start : 0;
}

static const HostObject *timer_of(const CanonFunction *function, const Node *pollable, uint32_t index)
{
    const HostObject *found = plain_object(function, pollable, index);
    return found && found->timer ? found : NULL;
}

/* Pointer, length, result. */
bool plain_timers(CanonFunction *function, FlatValue *values)
{
    const uint32_t at = flat_u32(&values[0]), count = flat_u32(&values[1]);
    const Node *pollable = function->signature->params->edges[0].node->element;
    uint32_t ready[MOST_TIMERS], used = 0;
    Place result;
    if (!count || count > MOST_TIMERS || at % INDEX_BYTES || !within(at, (uint64_t)count * INDEX_BYTES, plain_memory(function)) ||
        !plain_result(function, values, &result))
        return false;
    const int64_t now = monotonic();
    for (uint32_t i = 0; i < count; i++) {
        const HostObject *timer = timer_of(function, pollable, (uint32_t)load(plain_side(function), (Place){NULL, at + (uint64_t)i * INDEX_BYTES}, INDEX_BYTES));
        if (!timer)
            return false;
        if (timer->when <= now)
            ready[used++] = i;
    }
    if (!used)
        return false;
    const uint64_t room = plain_allocated(function, INDEX_BYTES, (uint64_t)used * INDEX_BYTES);
    for (uint32_t i = 0; i < used; i++)
        store(plain_side(function), (Place){NULL, room + (uint64_t)i * INDEX_BYTES}, INDEX_BYTES, ready[i]);
    plain_put_list(function, result, room, used);
    return true;
}

bool plain_timer_over(CanonFunction *function, FlatValue *values)
{
    const HostObject *timer = timer_of(function, function->signature->params->edges[0].node, flat_u32(&values[0]));
    if (timer)
        values[0].bits = timer->when <= monotonic();
    return timer;
}

bool plain_timer_wait(CanonFunction *function, FlatValue *values)
{
    const HostObject *timer = timer_of(function, function->signature->params->edges[0].node, flat_u32(&values[0]));
    return timer && timer->when <= monotonic();
}
