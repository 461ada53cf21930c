namespace Shop.Web;

static class Redirect
{
    /// <summary>303: the browser fetches the target with GET, and reloading it repeats nothing.</summary>
    public static IResult To(string address) => new SeeOther(address);

    /// <summary>Only an address within the shop; anything else leads home.</summary>
    public static IResult Back(string? address) => To(address is ['/', not ('/' or '\\'), ..] && !address.Any(char.IsControl) ? address : "/");

    sealed class SeeOther(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext context)
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = address;
            return Task.CompletedTask;
        }
    }
}
