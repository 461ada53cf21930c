namespace Mainstay.Tests.Host.Api;

/// <summary>What dashboards ask: of machines, of services by rate, errors and duration, of processes, and what people type.</summary>
static class PromPeerQuestions
{
    public static IReadOnlyList<string> All { get; } =
    [
        // Machines.
        """100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval])))""",
        """sum by (mode) (irate(node_cpu_seconds_total{instance="a:9100",job="node"}[$__rate_interval])) / scalar(count(count(node_cpu_seconds_total{instance="a:9100",job="node"}) by (cpu)))""",
        """avg without (cpu, mode) (rate(node_cpu_seconds_total{mode=~"user|system|iowait"}[5m])) * 100""",
        """sum by (instance) (rate(node_cpu_seconds_total{mode!~"idle|iowait|steal"}[$__rate_interval])) / on (instance) count by (instance) (node_cpu_seconds_total{mode="idle"})""",
        """count without (cpu, mode) (node_cpu_seconds_total{mode="idle"})""",
        """(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100""",
        """node_memory_MemTotal_bytes - node_memory_MemFree_bytes - (node_memory_Cached_bytes + node_memory_Buffers_bytes)""",
        """(node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes) / node_memory_SwapTotal_bytes * 100""",
        """100 - node_filesystem_avail_bytes{mountpoint="/",fstype!="rootfs"} * 100 / node_filesystem_size_bytes{mountpoint="/",fstype!="rootfs"}""",
        """max by (instance, mountpoint) (node_filesystem_size_bytes{fstype=~"ext.?|xfs"} - node_filesystem_avail_bytes{fstype=~"ext.?|xfs"})""",
        """predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs"}[20m], 4 * 3600) < 0""",
        """predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs"}[20m], 4 * 3600) > bool 4e10 and on (instance, device) node_filesystem_readonly == 0""",
        """rate(node_network_receive_bytes_total{device!~"lo|veth.+"}[$__rate_interval]) * 8""",
        """- sum by (instance) (irate(node_network_transmit_bytes_total{device!="lo"}[5m]))""",
        """topk(2, sum by (device) (increase(node_network_receive_bytes_total[10m])))""",
        """bottomk(1, rate(node_network_receive_bytes_total[5m]))""",
        """rate(node_disk_io_time_seconds_total[$__rate_interval])""",
        """node_load1 / on (instance) group_left count by (instance) (node_cpu_seconds_total{mode="idle"}) > 0.4""",
        """node_time_seconds - node_boot_time_seconds""",
        """time() - node_boot_time_seconds""",
        """node_load5 * on (instance) group_left (nodename) node_uname_info""",
        """label_replace(node_load1, "host", "$1", "instance", "([^:]+):.*")""",
        """label_join(node_load1, "where", "-", "job", "instance")""",
        """count(up == 1) / count(up)""",
        """avg_over_time(up[10m])""",
        """min_over_time(up[5m]) < 1""",
        """changes(up[20m])""",
        """absent(up{job="nothing"})""",
        """absent_over_time(up{instance="b:9100"}[5m])""",
        """up offset 10m""",
        """sum(up) or vector(0)""",
        """sum(missing) or vector(0)""",
        """up unless on (instance) (node_load1 > 1)""",
        """count_values("state", up)""",
        """group by (job) (up)""",
        """ALERTS{alertstate="firing"}""",

        // Services: rate, errors, duration.
        """sum(rate(http_requests_total[$__rate_interval])) by (job)""",
        """sum by (job, handler) (rate(http_requests_total{code=~"5.."}[$__rate_interval])) / sum by (job, handler) (rate(http_requests_total[$__rate_interval]))""",
        """sum(rate(http_requests_total{code=~"5.."}[5m])) by (job) / ignoring (code) sum(rate(http_requests_total[5m])) by (job) > 0.001""",
        """100 * sum(increase(http_requests_total{code!~"5..|4.."}[15m])) / sum(increase(http_requests_total[15m]))""",
        """histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))""",
        """histogram_quantile(0.5, sum by (le, job, handler) (rate(http_request_duration_seconds_bucket{job=~"shop|cart"}[5m])))""",
        """histogram_quantile(1, rate(http_request_duration_seconds_bucket[5m]))""",
        """histogram_quantile(0, sum by (le) (http_request_duration_seconds_bucket))""",
        """histogram_quantile(-1, http_request_duration_seconds_bucket) or histogram_quantile(1.5, http_request_duration_seconds_bucket)""",
        """rate(http_request_duration_seconds_sum[$__rate_interval]) / rate(http_request_duration_seconds_count[$__rate_interval])""",
        """sum by (job) (rate(http_request_duration_seconds_bucket{le="0.1"}[5m])) / sum by (job) (rate(http_request_duration_seconds_count[5m]))""",
        """(sum(rate(http_request_duration_seconds_bucket{le="0.1"}[5m])) by (job) + sum(rate(http_request_duration_seconds_bucket{le="0.5"}[5m])) by (job)) / 2 / sum(rate(http_request_duration_seconds_count[5m])) by (job)""",
        """sum by (job) (increase(http_request_duration_seconds_bucket{le="0.1"}[5m])) - on (job) sum by (job) (increase(http_request_duration_seconds_bucket{le="0.025"}[5m]))""",
        """topk(3, sum by (handler, code) (rate(http_requests_total[5m])))""",
        """sum by (instance) (rate(http_requests_total[1m])) > 1.1 * scalar(avg(sum by (instance) (rate(http_requests_total[1m]))))""",
        """quantile(0.9, rate(http_requests_total[5m]))""",
        """stddev by (job) (rate(http_requests_total{code="200"}[5m]))""",
        """stdvar(rate(http_requests_total{code="200"}[5m]))""",
        """sum(rate(http_requests_total[5m])) without (instance, code)""",
        """max_over_time(sum(rate(http_requests_total[1m]))[10m:30s])""",
        """avg_over_time(rate(http_requests_total{code="200",job="cart"}[1m])[5m:])""",
        """rate(http_requests_total[5m] offset 5m)""",
        """sum(rate(http_requests_total[5m])) / sum(rate(http_requests_total[5m] offset 10m)) - 1""",
        """rate(http_requests_total{code="200"}[5m] @ 1767225000)""",
        """sum(http_requests_total @ end()) - sum(http_requests_total @ start())""",
        """resets(http_requests_total{instance="shop-2:80"}[15m])""",
        """http_requests_total * on (instance) group_left (version) build_info""",
        """sum by (version) (rate(http_requests_total[5m]) * on (instance, job) group_left (version) build_info)""",
        """count by (version) (build_info)""",
        """avg by (quantile) (rpc_seconds)""",
        """sum by (job) (rpc_seconds{quantile="0.99"} > bool 0.2)""",
        """deriv(process_resident_memory_bytes[10m])""",
        """delta(process_resident_memory_bytes[10m])""",
        """idelta(process_open_fds[5m])""",
        """process_open_fds / process_max_fds""",
        """(time() - process_start_time_seconds) / 60""",
        """changes(process_start_time_seconds[30m]) > 0""",
        """sort_desc(sum by (job) (process_resident_memory_bytes))""",
        """quantile_over_time(0.95, process_open_fds[10m])""",
        """stddev_over_time(process_open_fds[10m])""",
        """stdvar_over_time(process_open_fds[10m])""",
        """last_over_time(single[20m])""",
        """present_over_time(single[20m])""",
        """count_over_time(up[5m])""",
        """sum_over_time(up[5m])""",
        """max_over_time(process_open_fds[3m]) - min_over_time(process_open_fds[3m])""",

        // What people type, and what is odd.
        "1 + 2 * 3 ^ 2 ^ 0.5 - -4 % 3", "2 * 3 == bool 6", "vector(1) == 1", "scalar(up)", "scalar(node_load1{instance=\"a:9100\"}) + 1", "1 > bool 2", "-up", "\"text\"", "0x1f + 1e3 + .5", "NaN", "Inf",
        "ended", "ended offset 2m", "sum_over_time(ended[5m])", "strange", "abs(strange)", "max(strange)", "avg(strange)", "sum(strange)", "sort(strange)", "strange > 0", "topk(1, strange)", "max_over_time(strange[2m])",
        "min_over_time(strange[2m])", "clamp(jumps, 1, 5)", "clamp_min(jumps, 2)", "clamp_max(jumps, 5)", "clamp(jumps, 5, 1)", "round(jumps)", "round(jumps, 0.2)", "ceil(jumps / 3)", "floor(jumps / 3)", "sgn(jumps - 5)",
        "sqrt(jumps)", "exp(jumps)", "ln(jumps)", "log2(jumps)", "log10(jumps)", "sin(jumps)", "atan(jumps)", "asinh(jumps)", "acosh(jumps)", "atanh(jumps / 10)", "deg(jumps)", "rad(jumps)", "pi()", "vector(3) atan2 2", "jumps % 2",
        "jumps ^ 2", "jumps / 0", "-jumps / 0", "0 / jumps", "rate(jumps[5m])", "irate(jumps[1m])", "increase(jumps[2m])", "delta(jumps[2m])", "resets(jumps[10m])", "deriv(jumps[2m])",
        "timestamp(jumps)", "timestamp(jumps + 1)", "hour()", "minute(vector(1767225000))", "day_of_week(node_boot_time_seconds)", "days_in_month(vector(1770000000))", "year()", "month(vector(1770000000))",
        "day_of_month()", "day_of_year(vector(1770000000))", """jumps{path="/a.b\\c"}""", """jumps{path=~"/a\\.b.*"}""", """jumps{path=~".+b"}""", """jumps{path!=""}""", """{__name__=~"node_load.*"}""", """{job="odd",__name__!~"strange|jumps"}""",
        """count({job=~".+"})""", """sum by () (up)""", """sum without () (up)""", """up and up{instance="a:9100"}""", """up or node_load1""", """node_load1 > 1 or node_load5 > 1""", """up * on () group_left () vector(2)""",
        """sum(rate(http_requests_total[1m])) by (job) > 0 and sum(rate(http_requests_total[1m])) by (job) < 1000""", """avg(up) by (job) >= bool 0.5""", """topk by (job) (1, process_open_fds)""", """quantile by (job) (0.25, process_open_fds)""",
        """label_replace(up, "job", "", "job", ".*")""", """label_replace(up, "copy", "$2-$1", "instance", "(.)(.*)")""", """label_replace(up, "job", "x", "instance", "nothing")""", "irate(single[5m])", "rate(single[20m])", "single", "holt",
        "rate(http_requests_total[20s])", "increase(http_requests_total{job=\"cart\"}[37s])", "sum(rate(http_requests_total[1m]) > 10)", "up == up", "up == on (instance) up", "node_load1 + on (instance) node_load5",
        "max_over_time((time() - process_start_time_seconds)[5m:1m])", "sum_over_time(jumps[5m:25s])", "jumps[5m] # a range is no answer over a span", "up[5m:1m]",

        // What is refused.
        "sum(", "rate(up)", "up[5m", "up{a=}", "up + ", "nosuch(up)", "rate(up[5m][1m])", "sum by (a b) (up)", "up{job=~\"[\"}", "topk(up)", "{}", "{job=~\".*\"}", "1 == 2", "up offset", "histogram_quantile(up)", "up{", "\"a\" + 1", "up and 1",
        "up * node_load1", "node_load1 * on (job) node_load5", "up * on (instance) group_left up offset 1m ^ {job=\"x\"}", "time() > 1",
    ];

    /// <summary>Names, labels and series, as variables of dashboards and the browser of metrics ask for them.</summary>
    public static IEnumerable<(string Path, (string Name, string Value)[] Form)> Meta(long from, long to)
    {
        (string, string) start = ("start", $"{from}"), end = ("end", $"{to}");
        yield return ("labels", [start, end]);
        yield return ("labels", [start, end, ("match[]", "up"), ("match[]", "build_info{job=\"shop\"}")]);
        yield return ("label/job/values", [start, end]);
        yield return ("label/__name__/values", [start, end, ("match[]", "{job=\"node\"}")]);
        yield return ("label/instance/values", [start, end, ("match[]", "up{job=~\"n.*\"}")]);
        yield return ("label/nothing/values", [start, end]);
        yield return ("series", [start, end, ("match[]", "up")]);
        yield return ("series", [start, end, ("match[]", "{__name__=~\"build_info|node_uname_info\"}"), ("match[]", "up{instance=\"a:9100\"}")]);
        yield return ("series", [start, end]);
        yield return ("series", [start, end, ("match[]", "rate(up[5m])")]);
        yield return ("series", [("start", $"{to}"), ("end", $"{from}"), ("match[]", "up")]);
        yield return ("labels", [("start", "x"), end]);
        yield return ("query", []);
        yield return ("query", [("query", "up"), ("time", "yesterday")]);
        yield return ("query", [("query", "up"), ("time", "2025-12-31T23:59:00Z")]);
        yield return ("query", [("query", "up"), ("time", $"{to - 60}"), ("timeout", "x")]);
        yield return ("query_range", [("query", "up"), start, end]);
        yield return ("query_range", [("query", "up"), start, end, ("step", "0")]);
        yield return ("query_range", [("query", "up"), start, end, ("step", "-5")]);
        yield return ("query_range", [("query", "up"), start, end, ("step", "1m30s")]);
        yield return ("query_range", [("query", "up"), start, end, ("step", "0.7")]);
        yield return ("query_range", [("query", "up"), start, end, ("step", "0.1")]);
        yield return ("query_range", [("query", "up"), end, ("step", "15")]);
        yield return ("query_range", [("query", "up"), ("start", $"{to}"), ("end", $"{from}"), ("step", "15")]);
        yield return ("query_range", [("query", "up[5m]"), start, end, ("step", "15")]);
    }
}
