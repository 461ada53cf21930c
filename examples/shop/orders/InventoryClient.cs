using System.Text.Json;

namespace Shop.Orders;

/// <summary>Sets goods aside at inventory.</summary>
sealed class InventoryClient(HttpClient http)
{
    /// <summary>Longest wait for an answer; what is still unanswered then is asked again later.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The order's end, or the order as it was when inventory gave no answer. Repeating it is harmless.</summary>
    public async Task<Order> Reserve(Order order)
    {
        var wanted = new Reservation([.. order.Lines.Select(l => new ReservedLine(l.Sku, l.Quantity))]);
        try
        {
            using var response = await http.PutAsJsonAsync($"api/reservations/{order.Id}", wanted, Json.Default.Reservation);
            if (!response.IsSuccessStatusCode)
                return order;
            var answer = await response.Content.ReadFromJsonAsync(Json.Default.ReserveAnswer);
            return answer?.Outcome == "Reserved"
                ? order with { Status = Status.Placed }
                : order with { Status = Status.Refused, SoldOut = answer?.Sku };
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            return order;
        }
    }

    public static HttpClient Connect(IConfiguration settings, IHttpContextAccessor current) =>
        new(new PassOn(current) { InnerHandler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(1) } })
        {
            BaseAddress = new(settings["INVENTORY_URL"] ?? settings["services:inventory:http:0"] ?? "http://127.0.0.1:5103"),
            Timeout = Timeout,
        };

    /// <summary>Gives the caller's request id to the call; the trace context is passed on by the framework.</summary>
    sealed class PassOn(IHttpContextAccessor current) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            if (current.HttpContext?.Request.Headers["X-Request-Id"] is [{ } id])
                request.Headers.TryAddWithoutValidation("X-Request-Id", id);
            return base.SendAsync(request, stop);
        }
    }
}
