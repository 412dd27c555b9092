package main

//lint:file-ignore SA1019 The older model of a dashboard is the one that every Grafana imports.

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Grafana's names of units.
const (
	perSecond = "ops"
	seconds   = "s"
	plain     = "short"
	percent   = "percentunit"
)

// runbook is where each panel that may turn red says what to do.
const runbook = "https://github.com/leafmidas/leafmidas/blob/main/docs/runbook.md"

// source is the Prometheus chosen at the dashboard's top.
var source = dashboard.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}

// servers are those chosen there.
const servers = `job=~"$job",instance=~"$instance"`

// query is one PromQL expression and what its curves are called.
type query struct{ expr, legend string }

// build puts the dashboard together: what is wrong now, then calls, orders, players, and the servers among themselves.
func build() (dashboard.Dashboard, error) {
	return dashboard.NewDashboardBuilder("leafmidas").
		Uid("leafmidas").
		Description("Payments through Midas: what is wrong, calls, orders, players, servers. What to do: "+runbook).
		Tags([]string{"leafmidas", "payments"}).
		Timezone("browser").
		Time("now-3h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Editable().
		Link(dashboard.NewDashboardLinkBuilder("Runbook").Type(dashboard.DashboardLinkTypeLink).Url(runbook).TargetBlank(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus")).
		WithVariable(choice("job", "Job", `label_values(leafmidas_connections, job)`)).
		WithVariable(choice("instance", "Server", `label_values(leafmidas_connections{job=~"$job"}, instance)`)).
		WithRow(dashboard.NewRowBuilder("Now")).
		WithPanel(light("Shop", "Calls of pay that are held back, or were a moment ago: a breaker tries in between.", plain, 1,
			`max(max_over_time(leafmidas_breaker_held_back{endpoint="pay",`+servers+`}[2m]))`)).
		WithPanel(light("Oldest open order", "Orders of players who have to log in first are not in it, nor goods that wait to be paid for.", seconds, 900,
			`max(leafmidas_oldest_open_order_age_seconds{parked="no",`+servers+`}) or vector(0)`)).
		WithPanel(light("Disputed", "Orders that wait for an operator: midasctl orders --state disputed.", plain, 1, `max(leafmidas_disputed_orders{`+servers+`})`)).
		WithPanel(light("Books differ", "What did not agree in the last audit.", plain, 1, `max(leafmidas_audit_differences{`+servers+`}) or vector(0)`)).
		WithPanel(light("Ledgers away", "Servers whose database did not answer.", plain, 1, `count(leafmidas_ledger_up{`+servers+`} == 0) or vector(0)`)).
		WithPanel(light("Game fails", "Servers whose game fails every delivery, or does not take note of refunds; orders wait.", plain, 1,
			`sum(leafmidas_host_down{`+servers+`}) or vector(0)`)).
		WithPanel(light("Shops paused", "Servers whose shop an operator has closed.", plain, 1, `sum(leafmidas_shop_paused{`+servers+`})`)).
		WithRow(dashboard.NewRowBuilder("Midas")).
		WithPanel(chart("Calls", "By endpoint.", perSecond, query{`sum by (endpoint) (rate(leafmidas_midas_calls_total{` + servers + `}[$__rate_interval]))`, "{{endpoint}}"})).
		WithPanel(chart("Calls that were not well", "By what was answered: an errcode of Midas, or why there was no answer.", perSecond,
			query{`sum by (endpoint, code) (rate(leafmidas_midas_calls_total{code!="ok",` + servers + `}[$__rate_interval])) > 0`, "{{endpoint}} {{code}}"},
			query{`sum by (endpoint) (rate(leafmidas_midas_calls_held_back_total{` + servers + `}[$__rate_interval])) > 0`, "{{endpoint}} held back"})).
		WithPanel(chart("How long pay takes", "With a token fetched and a repeat, if need be.", seconds,
			query{quantile("0.5", "leafmidas_midas_call_duration_seconds_bucket", `endpoint="pay"`), "half"},
			query{quantile("0.99", "leafmidas_midas_call_duration_seconds_bucket", `endpoint="pay"`), "99 %"})).
		WithPanel(breakers()).
		WithPanel(chart("Breakers' changes", "", plain, query{`sum by (endpoint, to) (increase(leafmidas_breaker_transitions_total{` + servers + `}[$__rate_interval])) > 0`, "{{endpoint}} {{to}}"})).
		WithPanel(chart("Access token", "Age of the one in use, on each server.", seconds, query{`leafmidas_token_age_seconds{` + servers + `}`, "{{instance}}"})).
		WithPanel(chart("Tokens fetched", "Forced refreshes put the old token out; WeChat allows 20 a day.", plain,
			query{`sum by (outcome) (increase(leafmidas_token_fetches_total{` + servers + `}[$__rate_interval]))`, "{{outcome}}"},
			query{`sum(increase(leafmidas_token_forced_refreshes_total{` + servers + `}[$__rate_interval]))`, "forced"},
			query{`sum(increase(leafmidas_token_shared_total{` + servers + `}[$__rate_interval]))`, "taken over"})).
		WithRow(dashboard.NewRowBuilder("Orders")).
		WithPanel(chart("Orders by the state they came into", "", perSecond, query{`sum by (kind, state) (rate(leafmidas_order_states_total{` + servers + `}[$__rate_interval])) > 0`, "{{kind}} {{state}}"})).
		WithPanel(chart("Open orders", "The ledger's, so the same on every server that shares it.", plain,
			query{`max by (kind, state, parked) (leafmidas_open_orders{` + servers + `})`, "{{kind}} {{state}} parked={{parked}}"})).
		WithPanel(chart("Oldest open order", "", seconds, query{`max by (kind, parked) (leafmidas_oldest_open_order_age_seconds{` + servers + `})`, "{{kind}} parked={{parked}}"})).
		WithPanel(chart("Orders put off", "", perSecond, query{`sum by (state, reason) (rate(leafmidas_order_retries_total{` + servers + `}[$__rate_interval])) > 0`, "{{state}} {{reason}}"})).
		WithPanel(chart("Deliveries", "What the game answered.", perSecond, query{`sum by (kind, outcome) (rate(leafmidas_deliveries_total{` + servers + `}[$__rate_interval])) > 0`, "{{kind}} {{outcome}}"})).
		WithPanel(chart("Recharges: until the coins are seen", "From the client's report that it paid.", seconds,
			query{quantile("0.5", "leafmidas_recharge_lag_seconds_bucket", `since="report"`), "half"},
			query{quantile("0.95", "leafmidas_recharge_lag_seconds_bucket", `since="report"`), "95 %"})).
		WithPanel(chart("Audits", "Of this process.", plain,
			query{`leafmidas_audit_differences{` + servers + `}`, "differences, {{instance}}"},
			query{`leafmidas_audit_compared{` + servers + `}`, "compared, {{instance}}"},
			query{`leafmidas_audit_unchecked{` + servers + `}`, "not compared, {{instance}}"},
			query{`(time() - leafmidas_audit_timestamp_seconds{` + servers + `}) / 3600`, "hours ago, {{instance}}"})).
		WithRow(dashboard.NewRowBuilder("Players")).
		WithPanel(chart("Connections", "On which somebody is logged in.", plain, query{`leafmidas_connections{` + servers + `}`, "{{instance}}"})).
		WithPanel(chart("How full the till is", "At 100 % players are refused (BUSY).", percent,
			query{`leafmidas_queue_length{` + servers + `} / leafmidas_queue_limit{` + servers + `}`, "waiting, {{instance}}"},
			query{`leafmidas_in_flight{` + servers + `} / leafmidas_in_flight_limit{` + servers + `}`, "under way, {{instance}}"})).
		WithPanel(chart("Messages", "", perSecond,
			query{`sum(rate(leafmidas_pushes_sent_total{` + servers + `}[$__rate_interval]))`, "sent"},
			query{`sum by (reason) (rate(leafmidas_pushes_dropped_total{` + servers + `}[$__rate_interval]))`, "not sent: {{reason}}"},
			query{`sum(rate(leafmidas_pushes_remote_total{` + servers + `}[$__rate_interval]))`, "seen by another server"})).
		WithPanel(chart("Notifications of Midas (V2)", "", perSecond, query{`sum by (outcome) (rate(leafmidas_notifications_total{` + servers + `}[$__rate_interval]))`, "{{outcome}}"})).
		WithPanel(chart("Kept pushes", "What Midas posted that did not fit; midasctl pushes lists them.", plain, query{`max(leafmidas_kept_pushes{` + servers + `})`, "wait for an operator"})).
		WithRow(dashboard.NewRowBuilder("Servers")).
		WithPanel(chart("Ledger and Redis", "1: answers. -1: what is the matter with the ledger's database.", plain,
			query{`leafmidas_ledger_up{` + servers + `}`, "ledger, {{instance}}"},
			query{`leafmidas_redis_up{` + servers + `}`, "Redis, {{instance}}"},
			query{`-leafmidas_ledger_fault{` + servers + `}`, "{{instance}}: {{cause}}"})).
		WithPanel(chart("Ledger failures", "", perSecond, query{`sum by (instance) (rate(leafmidas_ledger_failures_total{` + servers + `}[$__rate_interval]))`, "{{instance}}"},
			query{`sum by (instance, cause) (rate(leafmidas_ledger_faults_total{` + servers + `}[$__rate_interval])) > 0`, "{{instance}}: {{cause}}"})).
		WithPanel(chart("Notes between servers", "", perSecond,
			query{`sum(rate(leafmidas_cluster_notes_published_total{` + servers + `}[$__rate_interval]))`, "published"},
			query{`sum(rate(leafmidas_cluster_notes_received_total{` + servers + `}[$__rate_interval]))`, "heard"},
			query{`sum(rate(leafmidas_cluster_notes_dropped_total{` + servers + `}[$__rate_interval]))`, "dropped"},
			query{`sum(rate(leafmidas_cluster_notes_refused_total{` + servers + `}[$__rate_interval]))`, "not believed"},
			query{`sum(rate(leafmidas_cluster_breaker_warnings_total{` + servers + `}[$__rate_interval]))`, "breakers' warnings"})).
		Build()
}

// choice is a list at the top of which all, some or one are looked at.
func choice(name, label, values string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(common.DataSourceRef(source)).
		Query(dashboard.StringOrMap{String: cog.ToPtr(values)}).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Multi(true).IncludeAll(true).AllValue(".+")
}

func quantile(q, buckets, which string) string {
	return "histogram_quantile(" + q + ", sum by (le) (rate(" + buckets + "{" + which + "," + servers + "}[$__rate_interval])))"
}

func target(q query) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Expr(q.expr).LegendFormat(q.legend)
}

// light is one figure that is red from a limit on.
func light(title, description, unit string, red float64, expr string) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).Description(description).Datasource(common.DataSourceRef(source)).Unit(unit).Span(4).Height(4).
		WithTarget(target(query{expr, ""}).Instant()).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		ColorMode(common.BigValueColorModeBackground).GraphMode(common.BigValueGraphModeNone).
		Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps([]dashboard.Threshold{
			{Color: "green"}, {Color: "red", Value: cog.ToPtr(red)},
		}))
}

func chart(title, description, unit string, queries ...query) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().
		Title(title).Description(description).Datasource(common.DataSourceRef(source)).Unit(unit).Span(8).Height(8).Min(0).
		FillOpacity(8).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, q := range queries {
		p.WithTarget(target(q).RefId(string(rune('A' + i))))
	}
	return p
}

// breakers shows when which breaker was open: 2 is open, 1 half open, 0 closed.
func breakers() *statetimeline.PanelBuilder {
	says := map[string]dashboard.ValueMappingResult{
		"0": {Text: cog.ToPtr("closed"), Color: cog.ToPtr("green")},
		"1": {Text: cog.ToPtr("half open"), Color: cog.ToPtr("orange")},
		"2": {Text: cog.ToPtr("open"), Color: cog.ToPtr("red")},
	}
	return statetimeline.NewPanelBuilder().
		Title("Breakers").Description("The worst of all servers.").Datasource(common.DataSourceRef(source)).Span(8).Height(8).
		WithTarget(target(query{`max by (endpoint) (leafmidas_breaker_state{state="half_open",` + servers + `} or 2 * leafmidas_breaker_state{state="open",` + servers + `})`, "{{endpoint}}"})).
		Mappings([]dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: says}}}).
		ShowValue(common.VisibilityModeNever).MergeValues(true)
}
