namespace Shop.Web;

/// <summary>Everything the pages say, once per language; a sentence that is missing in one of them does not compile.</summary>
sealed record Words
{
    public required string Language { get; init; }
    public required string Shop { get; init; }
    public required string Motto { get; init; }
    public required string Intro { get; init; }
    public required string Products { get; init; }
    public required string Orders { get; init; }
    public required string Basket { get; init; }
    public required string Other { get; init; }
    public required string SkipToContent { get; init; }
    public required Func<int, string> InStock { get; init; }
    public required Func<int, string> OnlyLeft { get; init; }
    public required string SoldOut { get; init; }
    public required string StockUnknown { get; init; }
    public required string Limited { get; init; }
    public required string Quantity { get; init; }
    public required string Add { get; init; }
    public required string Remove { get; init; }
    public required string Reviews { get; init; }
    public required string ReviewsAway { get; init; }
    public required Func<int, string> ReviewCount { get; init; }
    public required Func<string, string> Stars { get; init; }
    public required string Empty { get; init; }
    public required string ToProducts { get; init; }
    public required string YourName { get; init; }
    public required string Place { get; init; }
    public required string Total { get; init; }
    public required string Order { get; init; }
    public required string Placed { get; init; }
    public required string PlacedText { get; init; }
    public required string Pending { get; init; }
    public required string PendingText { get; init; }
    public required string Refused { get; init; }
    public required Func<string, string> RefusedText { get; init; }
    public required string NoOrders { get; init; }
    public required string OrdersAway { get; init; }
    public required string OrdersAwayText { get; init; }
    public required string TryAgain { get; init; }
    public required string NotFound { get; init; }
    public required string NotFoundText { get; init; }
    public required string Invalid { get; init; }
    public required string ServedBy { get; init; }

    public static readonly Words English = new()
    {
        Language = "en", Shop = "The Chandlery", Motto = "Things that hold.",
        Intro = "Rope, light and tea for people who go out and mean to come back.",
        Products = "Products", Orders = "Orders", Basket = "Basket", Other = "中文", SkipToContent = "Skip to content",
        InStock = n => $"{n} in stock", OnlyLeft = n => $"Only {n} left", SoldOut = "Sold out", StockUnknown = "Stock is being counted",
        Limited = "Limited", Quantity = "Quantity", Add = "Add to basket", Remove = "Remove",
        Reviews = "Reviews", ReviewsAway = "Reviews are taking a break. Everything else works.",
        ReviewCount = n => n == 1 ? "1 review" : $"{n} reviews", Stars = s => $"{s} of 5 stars",
        Empty = "Your basket is empty.", ToProducts = "See the products", YourName = "Your name", Place = "Place the order", Total = "Total",
        Order = "Order", Placed = "Placed", PlacedText = "Thank you. Your things are set aside.",
        Pending = "Pending", PendingText = "Your order is safely kept. We are confirming the stock; this page refreshes by itself.",
        Refused = "Not available", RefusedText = p => $"We are sorry: not enough pieces are left of “{p}”. Nothing was charged.",
        NoOrders = "No orders yet.", OrdersAway = "Orders are not available at the moment",
        OrdersAwayText = "Nothing was lost. Sending the same order again never makes a second one.", TryAgain = "Try again",
        NotFound = "Nothing here", NotFoundText = "This page does not exist, or no longer.",
        Invalid = "The order could not be read. Go back to the basket and try again.", ServedBy = "Served by",
    };

    public static readonly Words Chinese = new()
    {
        Language = "zh", Shop = "船具铺", Motto = "靠得住的东西。",
        Intro = "绳索、灯火和茶，给出海也要回来的人。",
        Products = "商品", Orders = "订单", Basket = "购物篮", Other = "English", SkipToContent = "跳到正文",
        InStock = n => $"库存 {n} 件", OnlyLeft = n => $"仅剩 {n} 件", SoldOut = "已售罄", StockUnknown = "正在清点库存",
        Limited = "限量", Quantity = "数量", Add = "加入购物篮", Remove = "移除",
        Reviews = "评价", ReviewsAway = "评价暂时看不到，其他一切正常。",
        ReviewCount = n => $"{n} 条评价", Stars = s => $"{s} 星，满分 5 星",
        Empty = "购物篮是空的。", ToProducts = "去看商品", YourName = "您的名字", Place = "提交订单", Total = "合计",
        Order = "订单", Placed = "已下单", PlacedText = "谢谢惠顾，您的东西已经留好。",
        Pending = "确认中", PendingText = "订单已妥善保存，正在确认库存；本页会自动刷新。",
        Refused = "无法供货", RefusedText = p => $"抱歉，“{p}”数量不足。没有收取任何费用。",
        NoOrders = "还没有订单。", OrdersAway = "订单服务暂时不可用",
        OrdersAwayText = "什么也没有丢。同一张订单再提交一次，也不会变成两张。", TryAgain = "再试一次",
        NotFound = "这里什么也没有", NotFoundText = "页面不存在，或已经不在了。",
        Invalid = "订单内容无法识别，请回到购物篮再试。", ServedBy = "服务实例",
    };

    /// <summary>The visitor's own choice (cookie <c>lang</c>), else the first language of the browser that the shop speaks, else English.</summary>
    public static Words For(HttpRequest request) => request.Cookies["lang"] switch
    {
        "zh" => Chinese,
        "en" => English,
        _ => request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1)
            .Select(l => l.Value.ToString()[..Math.Min(2, l.Value.Length)].ToLowerInvariant())
            .FirstOrDefault(l => l is "zh" or "en") == "zh" ? Chinese : English,
    };
}
