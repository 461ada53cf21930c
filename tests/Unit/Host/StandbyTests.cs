using System.Net;
using System.Text;
using Mainstay.Host.Api;
using Mainstay.Host.Roles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host;

public sealed class StandbyTests : IAsyncLifetime
{
    readonly WebApplication leader;
    readonly Standby standby;
    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    readonly TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly string url = $"http://127.0.0.1:{FreePorts.One()}";

    public StandbyTests()
    {
        standby = new Standby(new ApiOptions { Listen = url, InternalToken = new('x', 32) });
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        leader = builder.Build();
        leader.Run(async context =>
        {
            if (context.Request.Path == "/stream")
            {
                await context.Response.WriteAsync("first\n");
                await context.Response.Body.FlushAsync();
                await more.Task;
                await context.Response.WriteAsync("second\n");
                return;
            }

            context.Response.StatusCode = 202;
            context.Response.Headers["X-Seen"] = $"{context.Request.Headers.Authorization} {context.Request.Headers.Origin}";
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.ContentType} {body}");
        });
    }

    public async ValueTask InitializeAsync()
    {
        await leader.StartAsync();
        await standby.AskAsync(new Uri(leader.Urls.First()), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        more.TrySetResult();
        await standby.DisposeAsync();
        await leader.DisposeAsync();
        http.Dispose();
    }

    [Fact]
    public async Task Reads_and_writes_are_answered_by_the_leader()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{url}/api/v1/routes/a%20b?dryRun=true")
        {
            Content = new StringContent("{}", Encoding.UTF8, "application/json"), Headers = { { "Authorization", "Bearer t" }, { "Origin", url } },
        };
        using var answer = await http.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        answer.Headers.GetValues("X-Seen").ShouldBe(["Bearer t"], "the token is for the leader, the page was judged here");
        (await answer.Content.ReadAsStringAsync()).ShouldBe("PUT /api/v1/routes/a%20b?dryRun=true application/json; charset=utf-8 {}");
        (await http.GetStringAsync($"{url}/api/v1/status")).ShouldStartWith("GET /api/v1/status");
    }

    [Fact]
    public async Task A_stream_comes_as_it_goes()
    {
        using var answer = await http.GetAsync($"{url}/stream", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("first");
        more.SetResult();
        (await reader.ReadLineAsync()).ShouldBe("second");
        (await reader.ReadLineAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task What_the_leader_would_not_see_through_is_refused_here()
    {
        using var foreign = new HttpRequestMessage(HttpMethod.Post, $"{url}/api/v1/apply") { Headers = { { "Origin", "http://evil.example" } } };
        (await http.SendAsync(foreign)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"{url}/api/v1/status") { Headers = { Host = "evil.example" } };
        (await http.SendAsync(rebound)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await http.GetAsync($"{url}/internal/table")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"{url}/api/v1/status") { Headers = { { "X-Mainstay-Passed-On", "1" } } };
        (await http.SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Without_a_leader_it_says_so()
    {
        await leader.StopAsync();
        using var answer = await http.GetAsync($"{url}/api/v1/status");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("leads");
    }
}
