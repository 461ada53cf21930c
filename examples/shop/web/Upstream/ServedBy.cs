using System.Collections.Concurrent;

namespace Shop.Web.Upstream;

/// <summary>Which instances had a hand in a page; the page's foot shows it, so that balancing and failure can be watched.</summary>
readonly struct ServedBy(IHttpContextAccessor current)
{
    static readonly object Key = new();

    public void Note(string service, HttpResponseMessage? response)
    {
        if (current.HttpContext is not { } context)
            return;
        var instance = response is null ? $"{service}: –" : response.Headers.TryGetValues("X-Served-By", out var by) ? by.First() : service;
        Seen(context)[service] = instance;
    }

    public static IEnumerable<string> Of(HttpContext context) => Seen(context).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => s.Value);

    /// <summary>Made before the calls of a page run side by side.</summary>
    public static void Begin(HttpContext context) => context.Items[Key] = new ConcurrentDictionary<string, string>();

    static ConcurrentDictionary<string, string> Seen(HttpContext context) => (ConcurrentDictionary<string, string>)context.Items[Key]!;
}
