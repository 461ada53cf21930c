using System.Net;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Registry;

/// <summary>An address that stays registered until it is disposed of; then it is taken back, and its requests go elsewhere.</summary>
public sealed class HeldRegistration : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    readonly RegistryClient client;
    readonly string path;
    readonly string address;
    readonly RegistrationOptions options;
    readonly CancellationTokenSource ended = new();
    Task renewing = Task.CompletedTask;
    string? trouble;

    internal HeldRegistration(RegistryClient client, string path, string address, RegistrationOptions options) =>
        (this.client, this.path, this.address, this.options) = (client, path, address, options);

    /// <summary>Why the last renewal failed; null where it did not. It is tried again by itself.</summary>
    public string? Trouble => Volatile.Read(ref trouble);

    /// <summary>Stops renewing and takes the registration back. Where that fails, its lease ends by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await renewing;
        try
        {
            await client.SendAsync(HttpMethod.Delete, path, null, Patience, CancellationToken.None);
        }
        catch (Exception error) when (error is HttpRequestException or InvalidOperationException)
        {
            // Nobody renews it any more.
        }

        ended.Dispose();
    }

    internal Task RegisterAsync(CancellationToken stop) => client.SendAsync(
        HttpMethod.Put, path, new JsonObject { ["address"] = address, ["version"] = options.Version, ["ttl"] = ClientJson.Milliseconds(options.Ttl), ["labels"] = options.Labels is { } labels ? new JsonObject(labels.Select(l => KeyValuePair.Create<string, JsonNode?>(l.Key, l.Value))) : null }, Patience, stop);

    internal void Begin() => renewing = RenewAsync(ended.Token);

    async Task RenewAsync(CancellationToken stop)
    {
        var pause = options.Ttl / 3;
        try
        {
            while (true)
            {
                await Task.Delay(pause, client.Time, stop);
                try
                {
                    // What has ended while nobody could be reached is registered anew.
                    if (await client.SendAsync(HttpMethod.Post, path + "/renew", [], options.Ttl / 3, stop) == HttpStatusCode.NotFound)
                    {
                        await RegisterAsync(stop);
                    }

                    Volatile.Write(ref trouble, null);
                    pause = options.Ttl / 3;
                }
                catch (Exception failed) when (failed is HttpRequestException or InvalidOperationException)
                {
                    Volatile.Write(ref trouble, failed.Message);
                    pause = options.Ttl / 20;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }
}
