package metrics

import "github.com/prometheus/client_golang/prometheus"

// all are the metrics there are, in the order they are made below.
var all []*prometheus.Desc

func metric(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("leafmidas_"+name, help, labels, nil)
	all = append(all, d)
	return d
}

// Calls to Midas.
var (
	calls = metric("midas_calls_total",
		"Calls to Midas, by what they mean for the coins (outcome) and what was answered (code: ok, an errcode, or why there was no answer).",
		"endpoint", "outcome", "code")
	callSeconds   = metric("midas_call_duration_seconds", "How long calls to Midas took, with a token fetched and a repeat if need be.", "endpoint")
	callsHeldBack = metric("midas_calls_held_back_total", "Calls that were not made because a breaker was open.", "endpoint")
	breakerState  = metric("breaker_state", "1 for the state that this server's breaker is in.", "endpoint", "state")
	heldBack      = metric("breaker_held_back", "1 while calls are held back, by this server's breaker or by word of another server's.", "endpoint")
	transitions   = metric("breaker_transitions_total", "Changes of state of this server's breaker.", "endpoint", "to")
	tokenFetches  = metric("token_fetches_total", "Access tokens asked for at WeChat.", "outcome")
	tokenForced   = metric("token_forced_refreshes_total", "Access tokens asked for that put the old one out; WeChat allows 20 a day.")
	tokenShared   = metric("token_shared_total", "Access tokens taken over from another server.")
	tokenAge      = metric("token_age_seconds", "How long ago the access token in use was obtained.")
)

// Orders.
var (
	orderStates = metric("order_states_total", "How often orders came to be in a state.", "kind", "state")
	retries     = metric("order_retries_total",
		"How often orders were left for later in a state: because no definite answer came, the call could not be made, or the player has to log in.",
		"state", "reason")
	openOrders     = metric("open_orders", "Orders in the ledger that have not ended; parked ones wait for their player to log in.", "kind", "state", "parked")
	oldestOrder    = metric("oldest_open_order_age_seconds", "How long ago the oldest order was made that has not ended; goods that wait to be paid for are left out.", "kind", "parked")
	keptPushes     = metric("kept_pushes", "Pushes of Midas's in the ledger that could not be acted on, and wait for an operator.")
	disputedOrders = metric("disputed_orders", "Orders in the ledger that wait for an operator's decision.")
	deliveries     = metric("deliveries_total", "What the host answered to deliveries, and of refunds and recharges (credit) to being told.", "kind", "outcome")
	hostDown       = metric("host_down", "1 while the host fails everybody's deliveries, or to take note of refunds or recharges; orders wait and no tries are counted.", "what")
	rechargeLag    = metric("recharge_lag_seconds", "Time from a client's report that it paid (or from the offer, if none came) until the coins were seen.", "since")
	queueLength    = metric("queue_length", "Jobs of players that wait.")
	queueLimit     = metric("queue_limit", "Jobs that may wait; more are refused.")
	inFlight       = metric("in_flight", "Jobs of players under way.")
	inFlightLimit  = metric("in_flight_limit", "Jobs that may be under way at once.")
	ledgerUp       = metric("ledger_up", "1 if the ledger answered last when it was asked for the open orders.")
	ledgerFault    = metric("ledger_fault", "1 for what is the matter with the ledger's database while it fails; there is none while all is well.", "cause")
	ledgerFaults   = metric("ledger_faults_total", "Reads and writes that the ledger's database has failed.", "cause")
	ledgerFailures = metric("ledger_failures_total", "Times that orders could not go on because the ledger did not answer.")
)

// Audits that this process has made.
var (
	auditTime        = metric("audit_timestamp_seconds", "When the last audit came to its end.")
	auditDifferences = metric("audit_differences", "What did not agree in the last audit, but for orders that are disputed.")
	auditCompared    = metric("audit_compared", "Accounts and goods that the last audit compared with Midas.")
	auditUnchecked   = metric("audit_unchecked", "Accounts and goods that the last audit could not ask Midas about.")
)

// Players and other servers.
var (
	connections    = metric("connections", "Connections on which somebody is logged in.")
	shopPaused     = metric("shop_paused", "1 while an operator has closed this server's shop.")
	pushesSent     = metric("pushes_sent_total", "Messages that were written to connections, answers included.")
	pushesDropped  = metric("pushes_dropped_total", "Messages that were not written: balances for which a newer one was sent, and panics of Leaf's.", "reason")
	pushesRemote   = metric("pushes_remote_total", "Balances pushed that another server had seen.")
	notifications  = metric("notifications_total", "What Midas posted to the callback address: taken, refused (not believed), or put off to come again.", "outcome")
	redisUp        = metric("redis_up", "1 if Redis answered last.")
	notesPublished = metric("cluster_notes_published_total", "Notes published to other servers.")
	notesReceived  = metric("cluster_notes_received_total", "Notes heard from other servers.")
	notesRefused   = metric("cluster_notes_refused_total", "Notes that were not believed: not sealed with this game's AppSecret, repeated, or minutes old.")
	notesDropped   = metric("cluster_notes_dropped_total", "Notes that were not published because Redis was away or slow.")
	remoteWarnings = metric("cluster_breaker_warnings_total", "Other servers' words that their breakers opened or closed.")
)
