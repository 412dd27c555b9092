package main

import (
	"crypto/rand"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/pay"
	"github.com/leafmidas/leafmidas/example_server/web"
	"github.com/leafmidas/leafmidas/metrics"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/ops"
)

// operate serves what an operator looks at beside the shop: the metrics, and with a token the page and its API. close
// is to be called when the page is no longer served.
func operate(page *web.Module) (close func(), err error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.New(pay.Plugin), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	page.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if conf.Server.OpsToken == "" {
		return func() {}, nil
	}
	desk, err := ops.New(pay.Plugin, ops.Options{Token: midas.Secret(conf.Server.OpsToken)})
	if err != nil {
		return nil, err
	}
	page.Handle("/ops/", http.StripPrefix("/ops", desk))
	return desk.Close, nil
}

// opsPath is where the operator's page is at the page's address, and lets whoever follows it in. The token is made for
// this run, unless the config has one: what comes behind # is never sent.
func opsPath() string {
	if conf.Server.OpsToken != "" {
		return "ops/"
	}
	conf.Server.OpsToken = rand.Text()
	return "ops/#token=" + conf.Server.OpsToken
}
