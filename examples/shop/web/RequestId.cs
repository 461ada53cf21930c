using System.Diagnostics;

namespace Shop.Web;

/// <summary>One id for everything that a visit causes, taken from the caller or made here.</summary>
static class RequestId
{
    const string Header = "X-Request-Id";

    public static string Of(HttpContext context) => context.Response.Headers[Header].ToString();

    public static void Begin(HttpContext context) => context.Response.Headers[Header] = context.Request.Headers[Header] is [{ Length: >= 1 and <= 128 } id]
        ? id
        : ActivityTraceId.CreateRandom().ToHexString();
}
