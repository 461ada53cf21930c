using System.Globalization;
using System.Text;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Messages that lie in RabbitMQ and are pushed to a service through the mesh, from a producer over HTTP to a line that the service writes.</summary>
public sealed class QueuePushTests(ITestOutputHelper output)
{
    const int Messages = 300;
    const int Keys = 3;

    [Fact]
    public async Task What_was_confirmed_is_pushed_in_the_order_of_its_key_although_broker_and_server_are_killed()
    {
        await using var broker = new Broker();
        await broker.StartAsync();
        await using var mainstay = new Installation { Variables = broker.Variables };
        var kept = Path.Combine(mainstay.Folder, "kept");
        var echoes = mainstay.Echoes().With("front", new EchoService()).With("back", new EchoService { Instances = 2, Env = new Dictionary<string, string> { ["KEEP"] = kept } }).Text("front");
        await mainstay.UpAsync(echoes + "queues:\n  events: { engine: rabbitmq, backoff: 100ms, backoffMost: 1s, push: { to: back, path: /events, timeout: 5s } }\n");
        await mainstay.ConvergedAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = mainstay.Api, Timeout = TimeSpan.FromSeconds(30) };
        for (var number = 0; number < Messages; number++)
        {
            // While messages come and go.
            if (number == Messages / 3)
            {
                await broker.KillAsync();
                await broker.StartAsync();
            }

            if (number == Messages * 2 / 3)
            {
                await mainstay.RoleReplacedAsync("server", mainstay.KillRole("server"));
            }

            await Eventually.IsAsync(() => IsConfirmedAsync(http, number), TimeSpan.FromSeconds(60), () => $"message {number}\n{mainstay.Logs()}");
        }

        string[] Lines() => File.Exists(kept) ? File.ReadAllLines(kept) : [];
        await Eventually.IsAsync(() => Lines().Distinct().Count() == Messages, TimeSpan.FromSeconds(90), () => $"{Lines().Distinct().Count()} of {Messages}\n{mainstay.Logs()}");
        output.WriteLine($"{Messages} messages, {Lines().Length} deliveries");
        foreach (var key in Lines().Distinct().Select(l => l.Split(' ')).GroupBy(l => l[0]))
        {
            int[] numbers = [.. key.Select(l => int.Parse(l[1], CultureInfo.InvariantCulture))];
            numbers.ShouldBe([.. numbers.Order()], $"the order of {key.Key}");
            numbers.Length.ShouldBe(Messages / Keys);
        }

        var dead = (await mainstay.RunAsync("queue", "peek", "events", "--dead", "-o", "json")).Out;
        dead.ShouldNotContain("partitionkey", Case.Insensitive, "a dead letter");
    }

    // What got no answer is sent again with the same id.
    static async Task<bool> IsConfirmedAsync(HttpClient http, int number)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "/api/v1/queues/events/messages") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        foreach (var (name, value) in new[] { ("specversion", "1.0"), ("type", "counted"), ("source", "/test"), ("id", number.ToString(CultureInfo.InvariantCulture)), ("partitionkey", $"k{number % Keys}") })
        {
            message.Headers.Add($"ce-{name}", value);
        }

        try
        {
            using var answer = await http.SendAsync(message);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
