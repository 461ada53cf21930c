using System.Net;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Drivers;
using Mainstay.Tests.Traffic;
using Mainstay.Tests.Traffic.Tls;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>Checks of services that speak TLS or HTTP/2 alone.</summary>
public sealed class SecureCheckTests : IDisposable
{
    readonly EventThread events = new("test-secure-health");
    readonly TestAuthority authority = new();

    public void Dispose()
    {
        events.Dispose();
        authority.Dispose();
    }

    [Theory]
    [InlineData(HealthProtocol.Https, "HTTP/1.1")]
    [InlineData(HealthProtocol.H2, "HTTP/2")]
    [InlineData(HealthProtocol.H2c, "HTTP/2")]
    public async Task APathIsAskedInTheProtocolThatTheServiceSpeaks(HealthProtocol protocol, string spoken)
    {
        var isPlain = protocol == HealthProtocol.H2c;
        var status = 200;
        string? seen = null;
        await using var service = await KestrelEndpoint.StartAsync(
            context =>
            {
                seen = $"{context.Request.Protocol} {context.Request.Path}";
                context.Response.StatusCode = status;
                return Task.CompletedTask;
            },
            isPlain ? HttpProtocols.Http2 : HttpProtocols.Http1AndHttp2,
            isPlain ? null : listen => listen.UseHttps(https => https.ServerCertificate = authority.Load(authority.Issue("one", "inside.test"))));
        (await CheckAsync(service.Port, new HealthSpec { Path = "/health", Protocol = protocol })).ShouldBeNull();
        seen.ShouldBe($"{spoken} /health");
        status = 503;
        (await CheckAsync(service.Port, new HealthSpec { Path = "/health", Protocol = protocol })).ShouldBe("GET /health: status 503");
    }

    [Fact]
    public async Task WithoutAPathTheHandshakeIsTheCheck()
    {
        await using var secure = await KestrelEndpoint.StartAsync(
            _ => Task.CompletedTask,
            HttpProtocols.Http1,
            listen => listen.UseHttps(https => https.ServerCertificate = authority.Load(authority.Issue("one", "inside.test"))));
        (await CheckAsync(secure.Port, new HealthSpec { Protocol = HealthProtocol.Https })).ShouldBeNull();
        await using var plain = await KestrelEndpoint.StartAsync(_ => Task.CompletedTask);
        (await CheckAsync(plain.Port, new HealthSpec { Protocol = HealthProtocol.Https })).ShouldNotBeNull().ShouldStartWith($"connect to port {plain.Port}: no TLS: ");
    }

    [Fact]
    public async Task NobodyListening() =>
        (await CheckAsync(RawUpstream.DeadPort(), new HealthSpec { Path = "/health", Protocol = HealthProtocol.H2c })).ShouldBe("GET /health: connection refused");

    [Fact]
    public void WhatFitsNotTogetherIsTold()
    {
        new HealthSpec { Protocol = HealthProtocol.H2c }.Validate().Select(p => p.Path).ShouldBe(["protocol"]);
        new HealthSpec { Protocol = HealthProtocol.Https, Command = "true" }.Validate().Select(p => p.Path).ShouldBe(["protocol"]);
    }

    Task<string?> CheckAsync(int port, HealthSpec spec) => HealthCheck.RunAsync(
        new HealthTarget("one", 1, spec with { Timeout = TimeSpan.FromSeconds(30) }, new IPEndPoint(IPAddress.Loopback, port), _ => throw new InvalidOperationException("no command")), events, TimeProvider.System, CancellationToken.None);
}
