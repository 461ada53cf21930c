using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Mainstay.Oracle;
using Mainstay.Tests.Observe.Ingest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>
/// The same samples written to a Prometheus of Debian's and to ours, the same questions asked of both in Grafana's way, the same answers expected. The questions are of the kinds that
/// dashboards of machines and of services ask. Debian's is of version 2, which counts a sample at the very beginning of a range: no sample lies there.
/// </summary>
public sealed class PromPeerTests : IAsyncLifetime
{
    // The clock of the tests, in seconds. Samples are of nearly an hour before and 7 s off the quarters of a minute, questions of the last half of it and one second off.
    const long Now = 1767225600;
    const long From = Now - 3300;
    const int Every = 15;
    const string Interval = "1m";

    readonly TempFolder folder = new();
    Process? prometheus;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (prometheus is not null)
        {
            prometheus.Kill(entireProcessTree: true);
            await prometheus.WaitForExitAsync(TestContext.Current.CancellationToken);
            prometheus.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Questions_of_dashboards_are_answered_as_Prometheus_answers_them()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prometheus"), "the package prometheus is not installed");
        using var theirs = await StartPrometheusAsync();
        await using var api = await ApiFixture.StartAsync();
        using var ours = new HttpClient { BaseAddress = new Uri(api.Url, "prometheus/") };
        await WriteAsync(theirs, new Uri(theirs.BaseAddress!, "api/v1/write"));
        await WriteAsync(api.Client, new Uri(api.Url, "api/v1/write"));
        var wrong = new List<string>();
        foreach (var question in PromPeerQuestions.All.Select(q => q.Replace("$__rate_interval", Interval, StringComparison.Ordinal)))
        {
            await CompareAsync(wrong, theirs, ours, "query_range", ("query", question), ("start", $"{Now - 1499}"), ("end", $"{Now}"), ("step", "30"));
            await CompareAsync(wrong, theirs, ours, "query", ("query", question), ("time", $"{Now - 59}.000"));
        }

        foreach (var (path, form) in PromPeerQuestions.Meta(From, Now))
        {
            await CompareAsync(wrong, theirs, ours, path, form);
        }

        wrong.ShouldBeEmpty();
        api.Faults.ShouldBeEmpty();
    }

    static async Task CompareAsync(List<string> wrong, HttpClient theirs, HttpClient ours, string path, params (string Name, string Value)[] form)
    {
        var (expected, answered) = (await AskAsync(theirs, path, form), await AskAsync(ours, path, form));
        if (Difference(expected.Body, answered.Body, expected.Status, answered.Status) is { } difference)
        {
            wrong.Add($"{path} {string.Join(' ', form.Select(f => $"{f.Name}={f.Value}"))}: {difference}");
        }
    }

    static string? Difference(JsonNode expected, JsonNode answered, int status, int given)
    {
        if (status != given || Text(expected["status"]) != Text(answered["status"]) || Text(expected["errorType"]) != Text(answered["errorType"]))
        {
            return $"{status} {Text(expected["errorType"])} {Text(expected["error"])} expected, {given} {Text(answered["errorType"])} {Text(answered["error"])} answered";
        }

        if (Text(expected["status"]) != "success")
        {
            return null;
        }

        var (left, right) = (expected["data"]!, answered["data"]!);
        if (left is not JsonObject { } data || data["resultType"] is null)
        {
            var (a, b) = (Names(left), Names(right));
            return a == b ? null : $"\n  {a}\n  {b}";
        }

        if (Text(data["resultType"]) != Text(right["resultType"]))
        {
            return $"a {Text(data["resultType"])} expected, a {Text(right["resultType"])} answered";
        }

        var (one, other) = (Series(data), Series((JsonObject)right));
        if (!one.Keys.Order(StringComparer.Ordinal).SequenceEqual(other.Keys.Order(StringComparer.Ordinal)))
        {
            return $"\n  {string.Join(' ', one.Keys.Order(StringComparer.Ordinal))}\n  {string.Join(' ', other.Keys.Order(StringComparer.Ordinal))}";
        }

        return one.Select(s => Differs(s.Key, s.Value, other[s.Key])).FirstOrDefault(d => d is not null);
    }

    static string? Differs(string key, List<(double At, double Value)> one, List<(double At, double Value)> other)
    {
        if (!one.Select(p => p.At).SequenceEqual(other.Select(p => p.At)))
        {
            return $"{key} at {one.Count} times from {one.FirstOrDefault().At} to {one.LastOrDefault().At}, not {other.Count} from {other.FirstOrDefault().At} to {other.LastOrDefault().At}";
        }

        for (var i = 0; i < one.Count; i++)
        {
            var (a, b) = (one[i].Value, other[i].Value);
            if (!(a.Equals(b) || Math.Abs(a - b) <= 1e-9 * Math.Max(1e-6, Math.Max(Math.Abs(a), Math.Abs(b)))))
            {
                return $"{key} at {one[i].At}: {a:R} expected, {b:R} answered";
            }
        }

        return null;
    }

    static Dictionary<string, List<(double At, double Value)>> Series(JsonObject data)
    {
        if (Text(data["resultType"]) is "scalar" or "string")
        {
            var point = data["result"]!;
            return Text(data["resultType"]) == "scalar" ? new() { [""] = [Point(point)] } : new() { [Text(point[1])] = [] };
        }

        return data["result"]!.AsArray().ToDictionary(
            r => Labels((JsonObject)r!["metric"]!), r => r!["values"] is JsonArray values ? values.Select(Point).ToList() : [Point(r["value"])], StringComparer.Ordinal);
    }

    static (double At, double Value) Point(JsonNode? point) => (point![0]!.GetValue<double>(), point[1]!.GetValue<string>() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var text => double.Parse(text, CultureInfo.InvariantCulture),
    });

    static string Labels(JsonObject labels) => "{" + string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")) + "}";

    // Lists of names, or of series.
    static string Names(JsonNode node) => node is JsonArray list
        ? string.Join(' ', list.Select(l => l is JsonObject o ? Labels(o) : l!.ToString()).Order(StringComparer.Ordinal))
        : node.ToJsonString();

    static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";

    static async Task<(int Status, JsonNode Body)> AskAsync(HttpClient client, string path, (string Name, string Value)[] form)
    {
        var pairs = form.Select(f => KeyValuePair.Create(f.Name, f.Value));
        using var content = new FormUrlEncodedContent(pairs);
        using var response = path.EndsWith("/values", StringComparison.Ordinal)
            ? await client.GetAsync(new Uri($"api/v1/{path}?{await content.ReadAsStringAsync()}", UriKind.Relative))
            : await client.PostAsync(new Uri($"api/v1/{path}", UriKind.Relative), content);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    static async Task WriteAsync(HttpClient client, Uri to)
    {
        // Prometheus takes the samples of a series in the order of their times.
        foreach (var part in new PromPeerSamples(From + 7, Every, (int)(Now - From) / Every).All().Chunk(200))
        {
            using var content = new ByteArrayContent(OtherDecodeTests.Literals(new WriteRequest { Timeseries = { part } }.ToByteArray()));
            content.Headers.TryAddWithoutValidation("Content-Type", "application/x-protobuf");
            content.Headers.Add("Content-Encoding", "snappy");
            using var answer = await client.PostAsync(to, content);
            ((int)answer.StatusCode).ShouldBe(204, await answer.Content.ReadAsStringAsync());
        }
    }

    async Task<HttpClient> StartPrometheusAsync()
    {
        var port = FreePorts.One();
        await File.WriteAllTextAsync(folder["prometheus.yml"], "scrape_configs: []\n", TestContext.Current.CancellationToken);
        prometheus = Process.Start(new ProcessStartInfo(
            "/usr/bin/prometheus",
            [
                $"--config.file={folder["prometheus.yml"]}", $"--storage.tsdb.path={folder["data"]}", "--storage.tsdb.retention.time=100y", $"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-remote-write-receiver", "--log.level=error",
            ]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = folder.Path })!;
        prometheus.BeginErrorReadLine();
        prometheus.BeginOutputReadLine();
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        await Until.HoldsAsync(async () =>
        {
            try
            {
                return (await client.GetAsync(new Uri("-/ready", UriKind.Relative))).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return client;
    }
}
