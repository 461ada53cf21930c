using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Web.Upstream;

/// <summary>What came of a call. <c>Status</c> 0 means that no whole answer came in time.</summary>
readonly record struct Answer<T>(HttpStatusCode Status, T? Value);

/// <summary>One service that the shop calls. Its address comes from the environment; its absence is an answer, never an exception.</summary>
sealed class Service(string name, HttpClient http, ServedBy served)
{
    public static Service Connect(string name, string standIn, TimeSpan timeout, IServiceProvider services)
    {
        var settings = services.GetRequiredService<IConfiguration>();
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(1) };
        var address = settings[$"{name.ToUpperInvariant()}_URL"] ?? settings[$"services:{name}:http:0"] ?? standIn;
        var current = services.GetRequiredService<IHttpContextAccessor>();
        return new(name, new(new PassOn(current) { InnerHandler = handler }) { BaseAddress = new(address), Timeout = timeout }, new(current));
    }

    public Task<Answer<T>> Get<T>(string path, JsonTypeInfo<T> form) => Send(new(HttpMethod.Get, path), form);

    public Task<Answer<T>> Post<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyForm, JsonTypeInfo<T> form) =>
        Send(new(HttpMethod.Post, path) { Content = JsonContent.Create(body, bodyForm) }, form);

    async Task<Answer<T>> Send<T>(HttpRequestMessage request, JsonTypeInfo<T> form)
    {
        try
        {
            using var response = await http.SendAsync(request);
            served.Note(name, response);
            return new(response.StatusCode, response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync(form) : default);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            served.Note(name, null);
            return default;
        }
    }

    /// <summary>Gives the visitor's request id to the call; the trace context is passed on by the framework.</summary>
    sealed class PassOn(IHttpContextAccessor current) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            if (current.HttpContext is { } context)
                request.Headers.TryAddWithoutValidation("X-Request-Id", RequestId.Of(context));
            return base.SendAsync(request, stop);
        }
    }
}
