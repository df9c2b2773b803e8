#include "hub.h"

void hub_tick_views(hub_t *hub, uint64_t now_ms)
{
    (void)hub, (void)now_ms;
}
