using System.Security.Cryptography;
using System.Text;

namespace HieraVid.Silo;

/// <summary>
/// Keeps the Orleans dashboard, which asks nobody who they are, on its own loopback port and behind a key: once as
/// <c>?key=</c>, then as a cookie.
/// </summary>
/// <param name="port">The only port that it is served on.</param>
/// <param name="key">The key.</param>
internal sealed class DashboardGate(int port, string key)
{
    internal const string Prefix = "/dashboard";
    private const string Cookie = "hieravid-dashboard";

    internal string Key => key;

    internal static string NewKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    internal async Task PassAsync(HttpContext context, RequestDelegate next)
    {
        var isDashboard = context.Request.Path.StartsWithSegments(Prefix, StringComparison.OrdinalIgnoreCase);
        if (isDashboard != (context.Connection.LocalPort == port))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (isDashboard && !IsKey(context.Request.Cookies[Cookie]))
        {
            if (!IsKey(context.Request.Query["key"]))
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                await context.Response.WriteAsync($"The dashboard needs its key: {Prefix}?key=...\n");
                return;
            }
            context.Response.Cookies.Append(Cookie, key, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = Prefix });
        }
        await next(context);
    }

    private bool IsKey(string? given) => given is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key));
}
