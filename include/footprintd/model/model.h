#ifndef FOOTPRINTD_MODEL_MODEL_H
#define FOOTPRINTD_MODEL_MODEL_H
typedef struct model model_t;
#endif
