using System.Text.Json.Nodes;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>Prometheus' HTTP API, asked as Grafana's data source asks: forms, seconds with fractions, parameters of its own.</summary>
public sealed class PromApiTests
{
    [Fact]
    public async Task Grafana_s_questions_are_answered_in_its_shapes()
    {
        await using var api = await StartAsync();
        (await FormAsync(api, "query", ("query", "1+1"), ("time", "1767225600.123"))).ToJsonString().ShouldBe("""{"status":"success","data":{"resultType":"scalar","result":[1767225600.123,"2"]}}""");
        var vector = await FormAsync(api, "query", ("query", "sum by (job, http_route) (rate(http_server_request_duration_seconds_count[1m]))"), ("time", "1767225600"), ("timeout", "60s"));
        vector.ToJsonString().ShouldBe("""{"status":"success","data":{"resultType":"vector","result":[{"metric":{"http_route":"/orders","job":"web"},"value":[1767225600,"2"]}]}}""");
        var matrix = await FormAsync(api, "query_range", ("query", "histogram_quantile(0.5, sum by (le) (rate(http_server_request_duration_seconds_bucket[1m])))"), ("start", "1767225570"), ("end", "1767225600"), ("step", "15"));
        matrix["data"]!["resultType"]!.GetValue<string>().ShouldBe("matrix");
        matrix["data"]!["result"]!.AsArray().ShouldHaveSingleItem()!["values"]!.AsArray().Count.ShouldBe(3);
        var text = await api.GetJsonAsync("prometheus/api/v1/query?query=%22a%22&time=1");
        text["data"]!.ToJsonString().ShouldBe("""{"resultType":"string","result":[1,"a"]}""");
        (await api.GetJsonAsync("prometheus/api/v1/query?query=queue.length%5B30s%5D"))["data"]!["resultType"]!.GetValue<string>().ShouldBe("matrix");
        (await api.GetJsonAsync("prometheus/api/v1/status/buildinfo"))["data"]!["version"]!.GetValue<string>().ShouldBe("3.0.0");
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Names_labels_and_their_values_are_those_of_Prometheus_unless_the_question_has_dots()
    {
        await using var api = await StartAsync();
        (await DataAsync(api, "label/__name__/values")).ShouldBe(["http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count", "queue_length"]);
        (await DataAsync(api, "labels?match[]=queue_length")).ShouldBe(["__name__", "instance", "job", "service_instance_id", "service_name"]);
        (await DataAsync(api, "label/http_route/values")).ShouldBe(["/orders"]);
        (await DataAsync(api, "label/U__service_2e_name/values?match[]=%7B%22queue.length%22%7D")).ShouldBe(["web"]);
        var series = await FormAsync(api, "series", ("match[]", "queue_length"), ("match[]", "{\"queue.length\"}"), ("start", "1767225000"), ("end", "1767225600"));
        series["data"]!.AsArray().Select(s => s!["__name__"]!.GetValue<string>()).ShouldBe(["queue.length", "queue_length"]);
        (await api.GetJsonAsync("prometheus/api/v1/metadata"))["data"]!["http_server_request_duration_seconds"]!.ToJsonString().ShouldBe("""[{"type":"histogram","help":"","unit":"s"}]""");
        (await api.GetJsonAsync("prometheus/api/v1/query_exemplars?query=http_server_request_duration_seconds_bucket&start=1767225000&end=1767225600"))["data"]!.AsArray()
            .ShouldHaveSingleItem()!["exemplars"]!.ToJsonString().ShouldBe("""[{"labels":{"trace_id":"00000000000000010000000000000002"},"value":"0.04","timestamp":1767225590}]""");
    }

    [Fact]
    public async Task What_is_wrong_is_told_in_both_shapes()
    {
        await using var api = await StartAsync();
        var (status, body, _) = await api.SendAsync(HttpMethod.Get, "prometheus/api/v1/query?query=sum(");
        (status, body!.ToJsonString()).ShouldBe((400, """{"status":"error","errorType":"bad_data","error":"an expression is expected here (character 5)"}"""));
        (await api.SendAsync(HttpMethod.Get, "prometheus/api/v1/query_range?query=1&start=0&end=100000&step=1")).Status.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Get, "prometheus/api/v1/query_range?query=1&start=x&end=1&step=1")).Status.ShouldBe(400);
        (await api.SendAsync(HttpMethod.Get, "prometheus/api/v1/series?match[]=rate(")).Status.ShouldBe(400);
        var problem = await api.ProblemAsync(HttpMethod.Get, "api/v1/metrics/query?query=rate(foo)");
        (problem.Status, problem.Body["problems"]![0]!["path"]!.GetValue<string>()).ShouldBe((400, "query"));
        var answer = await api.GetJsonAsync("api/v1/metrics/query?query=queue.length%7Bservice.name%3D%22web%22%7D%20*%202&start=20s&step=10s");
        answer["series"]![0]!["points"]!.ToJsonString().ShouldBe("[[1767225580000,14],[1767225590000,14],[1767225600000,14]]");
    }

    [Fact]
    public async Task A_token_that_is_set_is_asked_for()
    {
        await using var api = await ApiFixture.StartAsync(token: "0123456789abcdef");
        using var bare = new HttpClient { BaseAddress = api.Url };
        ((int)(await bare.GetAsync(new Uri("prometheus/api/v1/query?query=1", UriKind.Relative))).StatusCode).ShouldBe(401);
    }

    static async Task<ApiFixture> StartAsync()
    {
        var api = await ApiFixture.StartAsync(with: services =>
        {
            var now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
            (string, string)[] web = [("service.name", "web"), ("service.instance.id", "web-1")];
            MetricSeries Bucket(string le) => new("http.server.request.duration_bucket", "s", MetricKind.Counter, [.. web, ("http.route", "/orders"), ("le", le)]);
            for (var i = 30; i >= 0; i--)
            {
                double count = (30 - i) * 20;
                services.Samples.Add(
                [
                    new(new("queue.length", "{item}", MetricKind.Gauge, web), 7, now - (i * 10_000)),
                    new(new("http.server.request.duration_count", "s", MetricKind.Counter, [.. web, ("http.route", "/orders")]), count, now - (i * 10_000)),
                    new(Bucket("0.05"), count / 2, now - (i * 10_000)), new(Bucket("+Inf"), count, now - (i * 10_000)),
                ]);
            }

            services.Telemetry.Exemplars.Add(new(Bucket("0.05"), 0.04, now - 10_000, new(1, 2), 3));
            return services;
        });
        return api;
    }

    static async Task<JsonNode> FormAsync(ApiFixture api, string path, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        var response = await api.Client.PostAsync(new Uri($"prometheus/api/v1/{path}", UriKind.Relative), content);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    static async Task<string[]> DataAsync(ApiFixture api, string path) =>
        [.. (await api.GetJsonAsync($"prometheus/api/v1/{path}"))["data"]!.AsArray().Select(v => v!.GetValue<string>())];
}
