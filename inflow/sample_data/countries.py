"""Invented countries for the sample: their counties and towns, and what their people are called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """An invented country and what its people are called; stems and names are separated by blanks."""

    name: str
    #: How many people are born here, relative to the other countries.
    share: int
    counties: tuple[str, str, str]
    #: Names of towns are stems put into patterns.
    patterns: tuple[str, str, str]
    stems: str
    given_names: str
    family_names: str

    @property
    def towns(self) -> list[str]:
        """Names of all towns, in the order of their counties."""
        return [pattern.format(stem) for pattern in self.patterns for stem in self.stems.split()]


COUNTRIES = (
    Country(
        name="Valdérie",
        share=13,
        counties=("Haute-Forêt", "Côte d’Argent", "Ørland"),
        patterns=("{}ville", "Saint-{}", "{}-sur-Mer"),
        stems="Élan Brévign Château Noël Garçon",
        given_names="José Zoë Søren Łucja Åsa François Maria Anna John Grace Ján Žofia Chloé Ian Ægir Ósk Şule Béla "
        "Iñaki Mårten",
        family_names="Stone Rivière Lindström Kowalczyk Núñez O'Dell D’Arcy Čapek Müller Gonçalves Ødegård Szabó "
        "Yıldız Roșu Smith Weber Hill Moreau Þórsdóttir Nguyễn",
    ),
    Country(
        name="Заречье",
        share=9,
        counties=("Лесной край", "Озёрный край", "Степной край"),
        patterns=("{}ово", "{}огорск", "{}ое Поле"),
        stems="Бел Сосн Камен Ясн Звёзд",
        given_names="Анна Иван Ольга Пётр Мария Юрий Елена Павел Софья Глеб Вера Олег Нина Егор Алёна Фёдор Тарас "
        "Їва Майя Єва",
        family_names="Мельник Гончар Черных Седых Долгих Живаго Коваль Бондарь Ткач Шевченко Кравец Швец Белых "
        "Сорока Щука Заяц Ёлкина Мороз Гриб Хижняк",
    ),
    Country(
        name="Ανθεμία",
        share=7,
        counties=("Βορράς", "Νότος", "Νησιά"),
        patterns=("{}ώνα", "{}όπολη", "Άνω {}ά"),
        stems="Ελαι Αμπελ Λευκ Πετρ Ροδ",
        given_names="Ελένη Γιώργος Μαρία Νίκος Άννα Σοφία Ιωάννα Πέτρος Θάλεια Αλέξης Ζωή Στέλιος Χλόη Μάρκος Ίρις "
        "Ορέστης Δάφνη Φοίβος Ξένια Αΐντα",
        family_names="Πετρίδου Μυλωνάς Ράπτη Κεραμέας Ψαράς Γεωργίου Ιωάννου Νικολάου Παύλου Βασιλείου Χρήστου Λύρα "
        "Αηδόνη Λύκος Ελιά Θάλασσα Βράχος Ουρανός Άνεμος Ήλιου",
    ),
    Country(
        name="მთისეთი",
        share=6,
        counties=("ზემო მხარე", "ქვემო მხარე", "ზღვისპირი"),
        patterns=("{}ისი", "{}თავი", "ახალი {}ა"),
        stems="თეთრ მზის წყალ ტყის ქარ",
        given_names="ანა გიორგი ნინო ლევან მარიამ დავით თამარ ირაკლი ელენე ზურაბ ქეთევან ლუკა სოფიო ვახტანგ ნათია "
        "ოთარ ეკა შოთა მაია ბექა",
        family_names="მთისძე ტყისძე ქარისძე ვაზაშვილი მჭედლიშვილი მეზღვაური კალანდაძე ხუროშვილი მებადური ფიცხელა "
        "წისქვილაძე ვარდიძე მგელაძე არწივაძე ირემაძე დათვაძე ჩიტაძე ღრუბელაძე წვიმაძე თოვლაძე",
    ),
    Country(
        name="雲海国",
        share=5,
        counties=("東郡", "西郡", "南島"),
        patterns=("{}山", "{}河口", "新{}町"),
        stems="青松 白石 金竹 𠮷田 霧谷",
        given_names="明 麗 偉 芳 静 健一 花子 直樹 美咲 大地 さくら ハルカ 子涵 浩然 雨桐 志明 淑芬 민준 서연 지우",
        family_names="王 李 林 𠮷野 佐藤 田中 山本 高橋 髙橋 欧阳 司马 陳 黄 呉 김 박 최 渡邉 渡邊 小川",
    ),
    Country(
        name="قمرية",
        share=4,
        counties=("الساحل", "الجبل", "الواحة"),
        patterns=("وادي {}", "قصر {}", "عين {}"),
        stems="الزيتون النخيل الورد القمر الريح",
        given_names="ليلى سامي مريم كريم نور ياسين هدى عمر سلمى زيد رنا طارق أمل بلال دنيا فارس جنى ماجد شيرین آدم",
        family_names="النجار الحداد الخياط البحري الجبلي الصياد الفلاح الطحان البناء الكاتب الزهراوي القمري "
        "الوردي الشامي الساحلي النحاس العطار الراعي السقا الحكيم",
    ),
    Country(
        name="סלעיה",
        share=3,
        counties=("הגליל העליון", "השפלה", "הערבה"),
        patterns=("כפר {}", "בית {}", "תל {}"),
        stems="זית תמר אלון רימון שקד",
        given_names="נועה דוד תמר יוסף מיכל אורי שירה איתן רות גיל הדס עמית יעל רון טליה נדב אביגיל שַׁי ליאור צופיה",
        family_names="נגר חייט נפח דייג אופה כורם יערי הררי ימי סלעי אלוני תמרי שקדי רימוני זיתוני גפני ארזי "
        "כוכבי שמשוני ז׳בוטי",
    ),
    Country(
        name="सूर्यप्रदेश",
        share=2,
        counties=("उत्तर", "दक्षिण", "पर्वत"),
        patterns=("{}पुर", "{}गाँव", "नया {}नगर"),
        stems="आम्र कमल चन्द्र हिम वन",
        given_names="आशा रवि मीरा अर्जुन सीता कृष्ण राधा विजय लक्ष्मी सूरज प्रिया मोहन गीता अनिल उषा ओम् ज्योति श्याम ऋषि इन्दिरा",
        family_names="लोहार कुम्हार सुनार माली किसान गायक लेखक पर्वतीय सागर वनवासी चित्रकार पंडित मिस्त्री शास्त्री "
        "द्विवेदी त्रिपाठी क्षेत्री ठाकुर दर्ज़ी पटेल",
    ),
)
