/*
 * What the server has counted, for metrics and health. Any thread may ask; nothing that serves
 * waits for it.
 */
#ifndef FOOTPRINTD_HTTP_FIGURES_H
#define FOOTPRINTD_HTTP_FIGURES_H

#include "footprintd/http/server.h"
#include "footprintd/metrics/metrics.h"

/* Limits that this area enforces itself; the guard and the hub count their own. */
typedef enum http_hit {
    HTTP_HIT_CONNECTIONS,
    HTTP_HIT_REQUEST_BODY,
    HTTP_HIT_ADMIN_BODY,
    HTTP_HIT_ADMIN_BACKUP,
    HTTP_HIT_REQUEST_TIME,
    HTTP_HIT_HANDSHAKE_TIME,
    HTTP_HIT_SEND_TIME,
    HTTP_HIT_FILTER_ENTRIES,
    HTTP_HIT_COST_VALUES,
    HTTP_HIT_COST_BATCHES,
    HTTP_HIT_WORKER_QUEUE,
    HTTP_HIT_ANSWER,
    HTTP_HIT_ANSWERS,
    HTTP_HIT_UCDN_REQUESTS,
    HTTP_HIT_UCDN_ENTITIES,
    HTTP_HIT_UCDN_BYTES,
    HTTP_HIT_COUNT
} http_hit_t;

uint64_t http_server_hits(const http_server_t *server, http_hit_t hit);
/* Connections of clients that are open, and jobs that wait for the workers. */
size_t http_server_connections(const http_server_t *server);
size_t http_server_jobs_waiting(const http_server_t *server);
/* Bytes of computed answers that are not wholly sent. */
size_t http_server_answer_bytes(const http_server_t *server);
/*
 * For how many ms the loop that is silent for longest has not come around, as of the last
 * http_server_watch_loop; *index is told which it is.
 */
uint64_t http_server_loop_silence(const http_server_t *server, unsigned *index);

/*
 * The families of requests, of connections, of threads, and of what readers of changes were sent,
 * in parts of whole families. What METRIC_LOOP_STALL says begins anew with it.
 */
void http_server_write_requests(http_server_t *server, metrics_writer_t *w);
void http_server_write_connections(http_server_t *server, metrics_writer_t *w);
void http_server_write_threads(http_server_t *server, metrics_writer_t *w);
void http_server_write_messages(http_server_t *server, metrics_writer_t *w);

#endif
