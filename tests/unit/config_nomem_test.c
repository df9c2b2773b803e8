/* Configurations and what they name, with every allocation refused once. */
#include "nomem.h"

#include "footprintd/config/config.h"
#include "footprintd/config/inputs.h"
#include "footprintd/config/ucdns.h"

#define PRODUCT FPD_SOURCE_DIR "/tests/golden/config/valid/product/config.yaml"
#define EXAMPLE FPD_SOURCE_DIR "/footprintd.yaml"

typedef struct trial {
    config_t config;
    findings_t findings;
    store_documents_t documents;
    model_t *model;
    ucdns_t *ucdns;
} trial_t;

static void begin(void *x)
{
    trial_t *t = x;
    config_init(&t->config);
    findings_init(&t->findings, 0);
    store_documents_init(&t->documents);
}

static void load(void *x)
{
    begin(x);
    assert_int_equal(config_load(EXAMPLE, &((trial_t *)x)->config, &((trial_t *)x)->findings),
                     ERR_OK);
}

static err_t run_load(void *x)
{
    trial_t *t = x;
    return config_load(PRODUCT, &t->config, &t->findings);
}

static err_t run_documents(void *x)
{
    trial_t *t = x;
    err_t err = config_read_documents(&t->config, &t->documents, &t->findings);
    assert_true(err || t->documents.count == 3);
    return err;
}

static err_t run_model(void *x)
{
    trial_t *t = x;
    err_t err = config_read_model(&t->config, NULL, &t->documents, &t->findings, &t->model);
    assert_true(err || t->model);
    return err;
}

static err_t run_open(void *x)
{
    return ucdns_new_open(&((trial_t *)x)->ucdns);
}

static void end(void *x, err_t err)
{
    trial_t *t = x;
    assert_true(!err || (!t->model && !t->ucdns));
    model_free(t->model);
    t->model = NULL;
    ucdns_unref(t->ucdns);
    t->ucdns = NULL;
    store_documents_release(&t->documents);
    findings_release(&t->findings);
    config_release(&t->config);
}

static const nomem_step_t steps[] = {
    {"configuration", begin, run_load, end, false, true},
    {"documents", load, run_documents, end, false, false},
    {"model", load, run_model, end, false, false},
    {"profile of everybody", begin, run_open, end, false, false},
};

static void test_steps(void **state)
{
    (void)state;
    trial_t t = {0};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        nomem_sweep(&steps[i], &t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
