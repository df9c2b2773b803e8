/*
 * Which route of the admin interface a request is for.
 */
#ifndef FOOTPRINTD_HTTP_ADMIN_ROUTES_H
#define FOOTPRINTD_HTTP_ADMIN_ROUTES_H

#include "footprintd/http/admin.h"

/*
 * The route for a method and a path without query; *name is what stands for the braces. NULL when
 * there is none; then *allow, a cleared buf_t, has the methods that the path takes ("GET, HEAD,
 * PUT"), and is empty when there is no such path. A HEAD is a GET.
 */
const admin_route_t *admin_route_find(slice_t method, slice_t path, slice_t *name, buf_t *allow);

#endif
