using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Policies that change under load: each change is a version, effective at once, and no request notices more than its effect.</summary>
public sealed class LiveChangeTests(EchoFixture fixture, ITestOutputHelper output) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task Changes_of_a_route_under_load_fail_no_request()
    {
        // MAINSTAY_CHANGES=1000 makes it a trial of patience.
        var changes = int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_CHANGES"), CultureInfo.InvariantCulture, out var given) ? given : 10;
        await Mainstay.ConvergedAsync();
        using var http = new HttpClient();
        await using var load = Load.Mixed(Mainstay.Gateway, longest: TimeSpan.FromMinutes(2) + (TimeSpan.FromSeconds(1) * changes));
        await load.AnsweredAsync(30);
        var waits = new List<TimeSpan>();
        for (var number = 1; number <= changes; number++)
        {
            var route = await Mainstay.GetAsync("routes/all");
            Change(route["spec"]!.AsObject(), number);

            await Mainstay.PutAsync("routes/all", route);

            var began = Stopwatch.GetTimestamp();
            await Eventually.IsAsync(async () => await ChangeOfAsync(http) == number, TimeSpan.FromSeconds(10), () => Mainstay.Logs());
            waits.Add(Stopwatch.GetElapsedTime(began));
        }

        await load.AnsweredAsync(50);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
        waits.Sort();
        output.WriteLine($"{load.Summary()}; a change is effective after {waits[waits.Count / 2].TotalMilliseconds:0} ms in the median, {waits[^1].TotalMilliseconds:0} ms at most");
        waits[waits.Count / 2].ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    // Another policy each time; the header tells which change a request was served with.
    static void Change(JsonObject spec, int number)
    {
        spec["responseHeaders"] = new JsonObject { ["set"] = new JsonObject { ["X-Change"] = number.ToString(CultureInfo.InvariantCulture) } };
        spec["timeout"] = $"{10 + (number % 7)}s";
        if (number % 2 == 0) spec["limits"] = new JsonArray(new JsonObject { ["algorithm"] = "tokenBucket", ["rate"] = $"{100_000 + number}/s", ["burst"] = 10_000 });
        else spec.Remove("limits");
        if (number % 3 == 0) spec["breaker"] = new JsonObject { ["errors"] = "90%", ["minimum"] = 100 + number };
        else spec.Remove("breaker");
    }

    async Task<int> ChangeOfAsync(HttpClient http)
    {
        using var answer = await http.GetAsync(Mainstay.Gateway);
        answer.EnsureSuccessStatusCode();
        return answer.Headers.TryGetValues("X-Change", out var values) ? int.Parse(values.Single(), CultureInfo.InvariantCulture) : 0;
    }
}
