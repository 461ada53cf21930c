using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Mainstay.Client.Config;

/// <summary>A name space of Mainstay's configuration as a source of .NET's: <c>builder.Configuration.AddMainstay("web")</c>. Options that are monitored change with each publish.</summary>
public static class MainstayConfiguration
{
    /// <summary>Adds a name space.</summary>
    /// <param name="builder">To what.</param>
    /// <param name="space">The name space; null is the service's own (<c>MAINSTAY_SERVICE</c>).</param>
    /// <param name="optional">Whether to begin without it where Mainstay cannot be reached; it is there once it can. Default false: then that is an error.</param>
    public static IConfigurationBuilder AddMainstay(this IConfigurationBuilder builder, string? space = null, bool optional = false) => builder.Add(new Source(
        space ?? Environment.GetEnvironmentVariable("MAINSTAY_SERVICE") ?? throw new ArgumentException("neither an argument nor MAINSTAY_SERVICE names the name space", nameof(space)), optional));

    sealed class Source(string space, bool optional) : IConfigurationSource
    {
        public IConfigurationProvider Build(IConfigurationBuilder builder) => new MainstayConfigurationProvider(new ConfigFeed(space), optional);
    }
}

/// <summary>Gives .NET's configuration the values of a feed, and follows it.</summary>
/// <param name="feed">Disposed with it.</param>
/// <param name="optional">Whether to begin without values where the feed cannot be read.</param>
public sealed class MainstayConfigurationProvider(ConfigFeed feed, bool optional = false) : IConfigurationProvider, IDisposable
{
    readonly CancellationTokenSource stop = new();
    CancellationTokenSource changed = new();
    volatile ConfigState? state;
    Task? following;

    /// <inheritdoc/>
    public bool TryGet(string key, out string? value)
    {
        string? found = null;
        var has = state is { } now && now.Values.TryGetValue(key, out found);
        value = found;
        return has;
    }

    /// <summary>Does nothing: values are set where they are published.</summary>
    public void Set(string key, string? value)
    {
    }

    /// <inheritdoc/>
    public IChangeToken GetReloadToken() => new CancellationChangeToken(Volatile.Read(ref changed).Token);

    /// <summary>Reads the values, and follows them from then on.</summary>
    public void Load()
    {
        try
        {
            // .NET's configuration is loaded synchronously; there is no context here that could wait for itself.
            state = Task.Run(() => feed.ReadAsync(stop.Token)).GetAwaiter().GetResult();
        }
        catch (HttpRequestException) when (optional)
        {
            // It comes when Mainstay does.
        }

        following ??= FollowAsync();
    }

    /// <inheritdoc/>
    public IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
    {
        var prefix = parentPath is null ? "" : parentPath + ":";
        var own = (state?.Values.Keys ?? []).Where(k => k.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).Select(k => k[prefix.Length..].Split(':', 2)[0]);
        return own.Concat(earlierKeys).Order(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Follows no longer.</summary>
    public void Dispose()
    {
        stop.Cancel();
        feed.Dispose();
    }

    async Task FollowAsync()
    {
        try
        {
            await foreach (var next in feed.WatchAsync(state, stop.Token))
            {
                state = next;
                await Interlocked.Exchange(ref changed, new CancellationTokenSource()).CancelAsync();
            }
        }
        catch (Exception end) when (stop.IsCancellationRequested && end is OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
