using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>A gateway with routes of the test's choice, before endpoints that tell what they got.</summary>
public sealed class RoutedGateway(TimeProvider? time = null) : IAsyncDisposable
{
    readonly List<RawUpstream> upstreams = [];
    readonly List<ClusterModel> clusters = [];
    readonly List<RouteModel> routes = [];
    NeedSpec? need;

    /// <summary>Which side of a release the caller in the mesh gets; null for both.</summary>
    public bool? ToNew { get; set; }

    public Gateway Gateway { get; } = new(OnBothTransports.Of(TransportKind.Default), time: time);

    /// <summary>Adds a service with an instance per version, each of which answers with <c>service version</c> and the request's head and body.</summary>
    public RoutedGateway Service(string name, params string[] versions)
    {
        var endpoints = new List<EndpointModel>();
        foreach (var version in versions)
        {
            var upstream = new RawUpstream((peer, _) => EchoAsync(peer, $"{name} {version}"));
            upstreams.Add(upstream);
            endpoints.Add(new EndpointModel($"{name}-{version}", "127.0.0.1", upstream.Port, version));
        }

        clusters.Add(new ClusterModel(name, endpoints));
        return this;
    }

    public RoutedGateway Route(string name, RouteMatch match, Func<RouteSpec, RouteSpec> change)
    {
        var spec = change(new RouteSpec { Match = match });
        Xunit.Assert.Empty(spec.Validate());
        routes.Add(new RouteModel(name, spec));
        return this;
    }

    public RoutedGateway Change(string service, Func<ClusterModel, ClusterModel> change)
    {
        var at = clusters.FindIndex(c => c.Service == service);
        clusters[at] = change(clusters[at]);
        return this;
    }

    /// <summary>Adds an instance to a service that has one, and changes it. The one that it had.</summary>
    public EndpointModel With(string service, EndpointModel more, Func<ClusterModel, ClusterModel> change)
    {
        var had = clusters.Single(c => c.Service == service).Endpoints.Single();
        Change(service, c => change(c with { Endpoints = [had, more] }));
        return had;
    }

    public RoutedGateway Need(NeedSpec spec)
    {
        need = spec;
        return this;
    }

    public RoutedGateway Start()
    {
        var applied = Gateway.Apply(new TableModel(
            Gateway.Revision + 1,
            [
                new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway),
                new ListenerModel("mesh", "127.0.0.1", 0, ListenerKind.Mesh, "web", clusters.Count > 0 ? clusters[0].Service : "s", need) { ToNew = ToNew },
            ],
            [.. routes],
            [.. clusters]));
        Xunit.Assert.Empty(applied.Problems);
        return this;
    }

    /// <summary>One request on a new connection, and the whole response.</summary>
    public async Task<string> AskAsync(string request, string listener = "gateway")
    {
        using var client = await RawPeer.ConnectAsync(Gateway.AddressOf(listener)!);
        await client.SendAsync(request);
        return await client.ReadResponseAsync();
    }

    public Task<string> GetAsync(string target, string headers = "", string host = "h") =>
        AskAsync($"GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        foreach (var upstream in upstreams)
        {
            await upstream.DisposeAsync();
        }

        Xunit.Assert.Null(Gateway.LastFault);
    }

    static async Task EchoAsync(RawPeer peer, string who)
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            var text = at >= 0 ? await peer.ReadAsync(int.Parse(head[(at + 16)..head.IndexOf('\r', at)]))
                : head.Contains("chunked", StringComparison.Ordinal) ? await peer.ReadUntilAsync("0\r\n\r\n") : "";
            var body = $"{who}\n{head}{text}";
            await peer.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nServer: echo\r\nAccess-Control-Allow-Origin: https://upstream\r\n\r\n{body}");
        }
    }
}
