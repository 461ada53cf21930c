using Mainstay.Core.Store;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mainstay.Host.Api;

/// <summary>What every request passes: access rules, the endpoint's limits, its answer; and every error, however it came about, as a problem document.</summary>
public sealed class Dispatcher(AccessRules rules, Action<string, Exception>? onFault)
{
    long faults;
    long refused;

    /// <summary>Requests that ended in a fault of ours.</summary>
    public long Faults => Volatile.Read(ref faults);

    /// <summary>Requests that the access rules refused.</summary>
    public long Refused => Volatile.Read(ref refused);

    /// <summary>Around everything.</summary>
    public async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        if (rules.Refuse(context.Request) is { } refusal)
        {
            Interlocked.Increment(ref refused);
            if (NodeRules.IsOurs(context.Request))
            {
                // It may have been renewed: the next connection shows what the host has now.
                context.Response.Headers.Connection = "close";
            }

            await refusal.WriteAsync(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            await ProblemOf(fault, context).WriteAsync(context);
        }
        catch (Exception fault)
        {
            Count(context, fault);
            context.Abort();
        }

        await ExplainAsync(context);
    }

    /// <summary>Runs one endpoint.</summary>
    public static async Task ServeAsync(HttpContext context, ApiRoute route, CancellationToken stopping)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = route.BodyBytes;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var answer = await route.Handle(new Call(context, stop.Token));
        if (answer is not null)
        {
            await answer.WriteAsync(context);
        }
    }

    // Routing answers unknown methods with a bare status.
    static Task ExplainAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode != StatusCodes.Status405MethodNotAllowed)
        {
            return Task.CompletedTask;
        }

        return new ProblemAnswer(
            response.StatusCode, "method", $"{context.Request.Path} does not answer {context.Request.Method}", $"use one of {response.Headers.Allow}").WriteAsync(context);
    }

    ProblemAnswer ProblemOf(Exception fault, HttpContext context)
    {
        switch (fault)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new(StatusCodes.Status413PayloadTooLarge, "too-large", "the body is larger than this endpoint takes", "see the limits in docs/api.md");
            case BadHttpRequestException bad:
                return new(bad.StatusCode, "bad-request", "the request cannot be read", "send well-formed HTTP/1.1");
            case StoreUnavailableException unavailable:
                Count(context, fault);
                return ProblemAnswer.Unavailable(unavailable.Message, "follow the message, then try again");
            case OperationCanceledException or ObjectDisposedException:
                return ProblemAnswer.Unavailable("the server is stopping", "try again once it is back");
            default:
                Count(context, fault);
                return new(StatusCodes.Status500InternalServerError, "internal", "the server failed to answer", "see its log in the data folder, logs/roles/server.log");
        }
    }

    void Count(HttpContext context, Exception fault)
    {
        Interlocked.Increment(ref faults);
        onFault?.Invoke($"{context.Request.Method} {context.Request.Path}", fault);
    }
}
